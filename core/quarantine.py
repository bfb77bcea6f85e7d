"""Whether this install is a restored copy that nobody has released yet: it sends nothing and starts nothing."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.conf import settings

WORDS = "This is a restored copy. It sends nothing until it is released: /settings/release/"
_restored_at: list[Callable[[], datetime | None]] = [lambda: None]


def use_reader(read: Callable[[], datetime | None]) -> None:
    """Tell since when this copy waits for its release, None for never; accounts does so once."""
    _restored_at[:] = [read]


def is_quiet() -> bool:
    """Whether nothing may leave the house: until a person releases the copy, and while a restore is not done."""
    return unfinished().exists() or _restored_at[0]() is not None


def unfinished() -> Path:
    """Return the mark that lies in the data folder from a restore's first change to its last."""
    return Path(settings.DATA_DIR) / "restore-unfinished"
