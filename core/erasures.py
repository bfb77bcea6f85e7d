"""The ledger of erasures: outside the database and beside the backups, so that a restored one can be told again."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from core import clock


def ledger() -> Path:
    """Return where the ledger lies."""
    return Path(getattr(settings, "BACKUP_DIR", settings.DATA_DIR / "backups")) / "erasures.jsonl"


def note(pk: int, fingerprints: Mapping[str, str]) -> None:
    """Write down who was erased, by keyed fingerprints with their channels alone; on the disk before it returns."""
    line = json.dumps({"at": clock.now().isoformat(), "pk": pk, "fingerprints": dict(fingerprints)})
    ledger().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(ledger(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as file:
        file.write(f"\n{line}\n")  # a line that a crash cut short must not swallow this one
        file.flush()
        os.fsync(file.fileno())


def noted() -> Iterator[dict[str, Any]]:
    """Return every erasure that was written down, oldest first; a line that a crash cut short is none."""
    lines = ledger().read_text().splitlines() if ledger().is_file() else ()
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue
