"""Persons: what each table may hold about one, declared once per model, and what becomes of it on erasure.

Each app declares its models in `<app>/persons.py`; a test finds the model that was forgotten.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db.models import Model, Q

ALL = Q()
"""As `stays`: a row never goes by itself, only with what it hangs on."""


@dataclass(frozen=True, slots=True)
class Held:
    """How the rows of a model relate to a person, and what erasing that person does to them."""

    model: str
    paths: tuple[str, ...] = ()
    """Lookups from a row to the person; such rows go, unless they stay."""

    stays: Q | None = None
    """The rows that stay although nothing else needs them."""

    blank: Mapping[str, Any] | None = None
    """What stands in the columns of a row that stays, or that a row which stays needs."""

    because: str = ""
    """Why it stays, or which part of the house sees to it."""

    files: str = ""
    """The column that names stored files."""

    hidden: tuple[str, ...] = ()
    """Columns that are not handed out: secrets, and what is about others."""

    says: Mapping[str, Any] = field(default_factory=dict)
    """Columns of any row that may name the person, and what stands there then: a value, a function, None = it goes."""

    @property
    def rows(self) -> Any:
        """All rows of the model."""
        return apps.get_model(self.model)._base_manager.all()


HELD: dict[str, Held] = {}
"""By label in lower case; what is deleted first comes first."""

NOBODY: dict[str, str] = {}
"""Models with texts that say nothing about persons outside, and why."""

WITH_ROWS: list[Callable[[Mapping[str, Sequence[Model]]], None]] = []
"""Called in the transaction, with the rows by label, before they go."""

WITH_WORDS: list[Callable[[Sequence[str], Collection[int]], int]] = []
"""Called after the commit with the addresses and names, and the ids: files and stored bodies; returns how many went."""


def declare(*entries: Held) -> None:
    """Say how models relate to persons; apps above are asked before those below."""
    mine = {entry.model.lower(): entry for entry in entries}
    known = {**mine, **HELD}
    HELD.clear()
    HELD.update(known)


def nobody(because: str, *labels: str) -> None:
    """Say that models hold nothing about persons outside."""
    NOBODY.update(dict.fromkeys((label.lower() for label in labels), because))


def tells(text: Any, words: Sequence[str]) -> bool:
    """Whether a text, in whatever case, holds one of these words."""
    told = str(text).casefold()
    return any(word in told for word in words)


def without(value: Any, words: Sequence[str]) -> Any:
    """Return a JSON value without the texts that hold one of the words; what stood in a list is left out."""
    if isinstance(value, str):
        return "" if tells(value, words) else value
    if isinstance(value, dict):
        return {key: without(item, words) for key, item in value.items() if not tells(key, words)}
    if isinstance(value, list):
        return [without(item, words) for item in value if not _is_said(item, words)]
    return value


def _is_said(item: Any, words: Sequence[str]) -> bool:
    cells = item if isinstance(item, list) else [item]  # a row of a table goes as a whole
    return any(isinstance(cell, str) and tells(cell, words) for cell in cells)


declare(
    Held("core.Event", because="its words go, its place in the chain stays", hidden=("mac", "seal")),
    Held("core.Delivery", says={"error": ""}),
    Held("core.Effect", says={"error": ""}),
    Held("core.IdempotencyKey", says={"body": ""}),
    Held("core.JobRun", says={"error": ""}),
)
nobody("the chain's end, and workers", "core.AuditHead", "core.Heartbeat")
