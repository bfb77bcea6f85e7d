"""The rows of one upload in a file beside it: their cells, which belong together, and what became of each.

A small SQLite file of its own keeps a million rows out of memory and out of the database, survives a kill, and goes
away with the upload. It knows nothing of contacts: who a row is about is told in `keys`, texts that are equal for
rows about the same.
"""

import fcntl
import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

from crm.tables import Row

_CELL = "\x1f"  # stands between cells
_SCHEMA = """
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS rows (number INTEGER PRIMARY KEY, cells TEXT, problem TEXT);
CREATE TABLE IF NOT EXISTS keys (hash INTEGER PRIMARY KEY, entity INTEGER);
CREATE TABLE IF NOT EXISTS joins (number INTEGER PRIMARY KEY, entity INTEGER, strange INTEGER);
CREATE TABLE IF NOT EXISTS queue (rank INTEGER PRIMARY KEY, number INTEGER, entity INTEGER, strange INTEGER,
    alone INTEGER);
CREATE TABLE IF NOT EXISTS results (number INTEGER PRIMARY KEY, outcome TEXT, message TEXT, columns TEXT,
    contact INTEGER, lead INTEGER, deal INTEGER);
CREATE TABLE IF NOT EXISTS loose (number INTEGER PRIMARY KEY);
"""
_PLACES = """SELECT q.rank, q.number, r.cells, r.problem, q.entity, q.strange FROM queue q
JOIN rows r ON r.number = q.number WHERE q.rank > ? {} ORDER BY q.rank LIMIT ?"""


class Busy(Exception):
    """Another process works on this file."""


@dataclass(slots=True)
class Place:
    """A row in the order of work: `entity` is the first row about the same, `strange` a bit for each foreign key."""

    rank: int
    row: Row
    entity: int
    strange: int


@dataclass(slots=True)
class Ending:
    """What became of a row: outcome, words, the columns at fault, and the ids of the records it led to."""

    number: int
    outcome: str
    message: str = ""
    columns: tuple[int, ...] = ()
    contact: int | None = None
    lead: int | None = None
    deal: int | None = None


class Stage:
    """One upload's rows; open it in a `with`."""

    def __init__(self, path: Path, *, alone: bool = False) -> None:
        self.path = path
        self.lock = path.with_suffix(".lock").open("w") if alone else None
        if self.lock is not None:
            try:
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.lock.close()
                raise Busy(str(path)) from None
        self.db = sqlite3.connect(path, isolation_level=None, timeout=20)
        self.db.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {_SCHEMA}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *rest: object) -> None:
        self.db.close()
        if self.lock is not None:
            self.lock.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Write all of the block or nothing of it."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def note(self, **values: Any) -> None:
        """Keep some plain values by name."""
        rows = [(name, json.dumps(value)) for name, value in values.items()]
        self.db.executemany("INSERT OR REPLACE INTO notes VALUES (?, ?)", rows)

    def noted(self, name: str, default: Any = None) -> Any:
        """What was kept under a name."""
        found = self.db.execute("SELECT value FROM notes WHERE name = ?", [name]).fetchone()
        return json.loads(found[0]) if found else default

    def add(self, rows: Iterable[Row]) -> None:
        """Keep rows as they were read; a row that is there already is written anew (mended)."""
        texts = ((row.number, _joined(row.cells), row.problem) for row in rows)
        self.db.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?)", texts)

    def rows(self, after: int = 0, limit: int = -1) -> list[Row]:
        """The next rows in the order of the file."""
        sql = "SELECT number, cells, problem FROM rows WHERE number > ? ORDER BY number LIMIT ?"
        return [_row(*found) for found in self.db.execute(sql, [after, limit])]

    def every_row(self) -> Iterator[Row]:
        """All rows in the order of the file, read as they are asked for."""
        after = 0
        while part := self.rows(after, 1_000):
            yield from part
            after = part[-1].number

    def pick(self, numbers: Iterable[int]) -> list[Row]:
        """The rows of these numbers, in the order of the file."""
        sql = "SELECT number, cells, problem FROM rows WHERE number IN (SELECT value FROM json_each(?)) ORDER BY number"
        return [_row(*found) for found in self.db.execute(sql, [json.dumps(list(numbers))])]

    def count(self, table: str = "rows", where: str = "1") -> int:
        """How many rows a table of ours has."""
        sql = f"SELECT count(*) FROM {table} WHERE {where}"  # noqa: S608 - our names
        return int(self.db.execute(sql).fetchone()[0])

    def last(self) -> int:
        """The number of the last row that was read, 0 for none."""
        return int(self.db.execute("SELECT coalesce(max(number), 0) FROM rows").fetchone()[0])

    def entities(self, hashes: Iterable[int]) -> dict[int, int]:
        """Which of these keys are known, and the row that each belongs to."""
        sql = "SELECT hash, entity FROM keys WHERE hash IN (SELECT value FROM json_each(?))"
        return dict(self.db.execute(sql, [json.dumps(list(hashes))]))

    def keep_groups(self, keys: Mapping[int, int], joins: Sequence[tuple[int, int, int]]) -> None:
        """Keep whose keys are whose, and (row, entity, strange bits) of rows that are not alone."""
        self.db.executemany("INSERT OR IGNORE INTO keys VALUES (?, ?)", keys.items())
        self.db.executemany("INSERT OR REPLACE INTO joins VALUES (?, ?, ?)", joins)

    def line_up(self) -> None:
        """Put the rows into the order of work: rows about the same stand together, at the place of their first."""
        self.db.execute(
            "INSERT INTO queue (number, entity, strange, alone)"
            " SELECT r.number, coalesce(j.entity, r.number), coalesce(j.strange, 0),"
            " j.number IS NULL AND t.entity IS NULL"
            " FROM rows r LEFT JOIN joins j ON j.number = r.number"
            " LEFT JOIN (SELECT DISTINCT entity FROM joins) t ON t.entity = r.number"
            " ORDER BY 2, 1"
        )

    def places(self, after: int, limit: int, *, only_joined: bool = False) -> list[Place]:
        """The next rows in the order of work; `only_joined` leaves out those that are about nobody else."""
        sql = _PLACES.format("AND NOT q.alone" if only_joined else "")
        return [
            Place(rank, _row(number, cells, problem), entity, strange)
            for rank, number, cells, problem, entity, strange in self.db.execute(sql, [after, limit])
        ]

    def entity_at(self, rank: int) -> int:
        """Whom the row at a place in the order of work is about, 0 behind the last."""
        found = self.db.execute("SELECT entity FROM queue WHERE rank = ?", [rank]).fetchone()
        return int(found[0]) if found else 0

    def forget(self) -> None:
        """Forget all but the rows themselves: they are going to be read in another way."""
        for table in ("keys", "joins", "queue", "results", "loose", "notes"):
            where = " WHERE name NOT IN ('read', 'form')" if table == "notes" else ""
            self.db.execute(f"DELETE FROM {table}{where}")  # noqa: S608 - our names

    def keep(self, endings: Iterable[Ending]) -> None:
        """Keep what became of rows; the last word counts."""
        rows = (
            (e.number, e.outcome, e.message, json.dumps(e.columns) if e.columns else "", e.contact, e.lead, e.deal)
            for e in endings
        )  # fmt: skip
        self.db.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def endings(self, outcome: str = "", after: int = 0, limit: int = -1) -> list[Ending]:
        """What became of rows, in the order of the file."""
        sql = "SELECT * FROM results WHERE number > ? AND (? = '' OR outcome = ?) ORDER BY number LIMIT ?"
        found = self.db.execute(sql, [after, outcome, outcome, limit])
        return [
            Ending(number, ended, message, tuple(json.loads(columns or "[]")), *ids)
            for number, ended, message, columns, *ids in found
        ]

    def counts(self) -> dict[str, int]:
        """How many rows ended in which way."""
        return dict(self.db.execute("SELECT outcome, count(*) FROM results GROUP BY outcome"))

    def say(self, words: Mapping[int, str]) -> None:
        """Put other words to what became of rows."""
        pairs = [(text, number) for number, text in words.items()]
        self.db.executemany("UPDATE results SET message = ? WHERE number = ?", pairs)

    def blank(self, tells: Callable[[str], bool], contacts: Collection[int] = ()) -> int:
        """Empty the rows whose words `tells` knows, or that led to one of these contacts; returns how many."""
        self.db.execute("PRAGMA secure_delete = ON")
        sql = "SELECT number FROM results WHERE contact IN (SELECT value FROM json_each(?))"
        led = {number for (number,) in self.db.execute(sql, [json.dumps(list(contacts))])}
        rows = ((row, " ".join(row.cells)) for row in self.every_row())
        found = [(row.number, len(row.cells)) for row, text in rows if text and (row.number in led or tells(text))]
        with self.together():
            blank = [(_CELL * (size - 1), number) for number, size in found]
            self.db.executemany("UPDATE rows SET cells = ?, problem = '' WHERE number = ?", blank)
            self.db.executemany("UPDATE results SET message = '' WHERE number = ?", [(number,) for number, _ in found])
        self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return len(found)

    def leave_loose(self, numbers: Iterable[int]) -> None:
        """Note rows whose ties wait until all rows are written."""
        self.db.executemany("INSERT OR IGNORE INTO loose VALUES (?)", ((n,) for n in numbers))

    def loose(self, limit: int) -> list[int]:
        """The next rows whose ties wait."""
        found = self.db.execute("SELECT number FROM loose ORDER BY number LIMIT ?", [limit])
        return [number for (number,) in found]

    def settle(self, numbers: Iterable[int]) -> None:
        """Note that the ties of these rows wait no more."""
        self.db.executemany("DELETE FROM loose WHERE number = ?", ((n,) for n in numbers))


def hash_of(key: str) -> int:
    """A key as a whole number that fits into a column, the same in every process."""
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big", signed=True)


def remove(path: Path) -> None:
    """Delete a stage and what lies beside it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.with_suffix(".lock").unlink(missing_ok=True)


def _joined(cells: Sequence[str]) -> str:
    text = _CELL.join(cells)
    if text.count(_CELL) < len(cells):
        return text
    return _CELL.join(cell.replace(_CELL, " ") for cell in cells)


def _row(number: int, cells: str, problem: str) -> Row:
    return Row(number, cells.split(_CELL), problem)
