"""The check of an import: the file is read, rows about the same are found, and all are planned without writing.

Everything lands in the run's stage, so that a large check stops and goes on, and the run finds it done.
"""

import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

from django.utils.translation import override

from accounts.actor import Actor
from accounts.models import Workspace
from core import files
from core.errors import NotFound, Refused
from crm import columns
from crm.actions.import_deals import DealImporter
from crm.actions.import_parts import ERROR, Importer, Result, Work, last_stage, refused
from crm.actions.import_people import PeopleImporter
from crm.actions.import_sales import ItemImporter, UserImporter
from crm.forms.imports import CleanRow, RowReader, own_choices, own_fields
from crm.models import ImportRun
from crm.queries.imports import remembered
from crm.staging import Place, Stage, hash_of
from crm.tables import open_table

PART = 5_000  # rows between two looks at the clock
GONE = "The uploaded file is not there any more. Upload it again."
SALES: dict[str, type[Importer]] = {
    "users": UserImporter, "items": ItemImporter, "deals": DealImporter,
}  # fmt: skip


def recognise(run: ImportRun, actor: Actor, kind: str) -> ImportRun:
    """Read the columns as in the last import of the same ones, else as their names tell."""
    earlier = remembered(actor, run.headers, kind)
    run.kind = kind or (earlier.kind if earlier else columns.guess_kind(run.headers))
    run.mapping = guess(actor, run.kind, run.headers)
    if earlier is not None:
        is_admin = actor.can("settings:manage").allowed
        allowed = dict(own_choices(run.kind, run.headers, is_admin=is_admin))
        run.mapping |= {h: target for h, target in earlier.mapping.items() if target in allowed}
        run.mode, run.known = earlier.mode, earlier.known
        run.rehearsal = {"remembered": earlier.file_name}
    return run


def guess(actor: Actor, kind: str, headers: Sequence[str]) -> dict[str, str]:
    """What the names of the columns tell, as far as the actor may fill it."""
    is_admin = actor.can("settings:manage").allowed
    return columns.guess_mapping(kind, headers, own_fields(kind), is_admin=is_admin)


def stage_path(file_path: str) -> Path:
    """Where the rows of an uploaded file lie."""
    return files.path_of(file_path).with_suffix(".rows")


def stage_of(run: ImportRun, *, alone: bool = False) -> Stage:
    """The rows of a run; raises NotFound when they are gone, Busy when `alone` and another process has them."""
    path = stage_path(run.file_path)
    if not run.file_path or not (path.exists() or files.path_of(run.file_path).exists()):
        raise NotFound(GONE)
    return Stage(path, alone=alone)


def importer_of(run: ImportRun, actor: Actor, *, is_dry: bool, model: Any = None) -> Importer:
    """The importer of the run's kind; raises Refused where something is missing that all rows need."""
    if run.kind in SALES:
        return SALES[run.kind](run, actor)
    return PeopleImporter(run, actor, model, is_dry=is_dry)


def reader_of(run: ImportRun, stage: Stage) -> RowReader:
    """What cleans the rows of this file."""
    return RowReader(run.kind, run.headers, run.mapping, Workspace.current().country, stage.every_row())


@override("en")  # what is found is kept
def study(run: ImportRun, stage: Stage, actor: Actor, end: float = math.inf) -> bool:
    """Read and check a file as far as the time goes; True when done, with what was found in `run.rehearsal`.

    Saves nothing in the database; call it outside a transaction. Raises Unreadable.
    """
    if not stage.noted("read") and not _read(run, stage, end):
        return False
    run.total = stage.count()
    counts: Counter[str] = Counter(created=0, updated=0, skipped=0, error=0)
    outcomes: Counter[str] = Counter()
    blocked = columns.missing(run.kind, run.mapping)
    if not blocked:
        try:
            importer = importer_of(run, actor, is_dry=True)
            check = _Check(stage, reader_of(run, stage), importer, end)
            if not check.group():
                return False
            outcomes.update(stage.noted("outcomes"))
            if outcomes["won"]:
                last_stage()
            if not check.plan():
                return False
            counts.update(stage.noted("counts"))
        except Refused as error:
            blocked = [error.message]
    run.rehearsal = {
        "sample": run.rehearsal.get("sample", []),
        "remembered": run.rehearsal.get("remembered", ""),
        "counts": dict(counts),
        "blocked": blocked,
        "won": outcomes["won"],
        "lost": outcomes["lost"],
    }
    return True


def _read(run: ImportRun, stage: Stage, end: float) -> bool:
    path = files.path_of(run.file_path)
    with open_table(path, after=stage.last()) as table:
        while part := list(islice(table.rows, PART)):
            with stage.together():
                stage.add(part)
            if time.monotonic() > end:
                return False
    stage.note(read=True)
    path.unlink()
    return True


class _Check:
    """The two passes over the rows: who belongs together, and what would become of each."""

    def __init__(self, stage: Stage, reader: RowReader, importer: Importer, end: float) -> None:
        self.stage, self.reader, self.importer, self.end = stage, reader, importer, end

    def group(self) -> bool:
        """Find the rows about the same, and the rows that are wrong by themselves."""
        stage = self.stage
        at, outcomes = stage.noted("grouped", 0), Counter(stage.noted("outcomes", {}))
        while not stage.noted("lined_up"):
            rows = [self.reader.read(row) for row in stage.rows(at, PART)]
            self.importer.screen(rows)
            with stage.together():
                if rows:
                    at = rows[-1].number
                    good = [row for row in rows if not row.problems]
                    outcomes.update(row.outcome for row in good if row.outcome)
                    self._tie([(row, self.importer.keys(row)) for row in good])
                    self._note_wrong(refused(row) for row in rows if row.problems)
                else:
                    stage.line_up()
                stage.note(grouped=at, outcomes=outcomes, lined_up=not rows)
            if time.monotonic() > self.end:
                return False
        return True

    def plan(self) -> bool:
        """Count what would become of each row. A person's row that is about nobody else needs no plan: it is new."""
        stage, knows_who = self.stage, self.importer.knows_who
        at, counts = stage.noted("planned", 0), Counter(stage.noted("counts", {}))
        while not stage.noted("counted"):
            places = stage.places(at, PART, only_joined=knows_who)
            results = self.importer.plan(cleaned(self.reader, places))
            counts.update(result.outcome for result in results)
            at = places[-1].rank if places else at
            if not places and knows_who:
                alone, wrong = stage.count("queue", "alone"), stage.count("results")
                counts.update(created=alone - wrong + counts[ERROR], error=wrong - counts[ERROR])
            with stage.together():
                self._note_wrong(result for result in results if result.outcome == ERROR)
                stage.note(planned=at, counts=counts, counted=not places)
            # A rehearsal remembers whom the last row was about, so it stops between two people.
            is_between = not places or stage.entity_at(at + 1) != places[-1].entity
            if time.monotonic() > self.end and is_between:
                return False
        return True

    def _tie(self, rows: Sequence[tuple[CleanRow, list[str]]]) -> None:
        """Give each row the number of the first row about the same: one that shares a key, or a record's key."""
        keys = {key for _, own in rows for key in own}
        groups = [*self.importer.kin(list(keys))] if keys else []
        hashes = {key: hash_of(key) for key in keys.union(*groups)}
        known = self.stage.entities(hashes.values())
        # A box holds the row that the keys in it belong to, once there is one.
        boxes: dict[str, list[int]] = {}
        for own in groups:
            found = [known[hashes[key]] for key in own if hashes[key] in known]
            box = found[:1]
            boxes.update((key, box) for key in own)
        records = {id(box) for box in boxes.values()}
        joins = []
        for row, own in rows:
            for key in own:
                if key not in boxes:
                    boxes[key] = [known[hashes[key]]] if hashes[key] in known else []
            mine = next((boxes[k] for k in own if boxes[k] or id(boxes[k]) in records), None)
            entity = mine[0] if mine else row.number
            strange = 0
            for at, key in enumerate(own):
                box = boxes[key]
                if not box and (box is mine or id(box) not in records):
                    box.append(entity)
                elif box is not mine and (not box or box[0] != entity):
                    strange |= 1 << at
            if mine is not None or strange or row.get("lead_ref"):
                joins.append((row.number, entity, strange))
        met = {hashes[key]: box[0] for key, box in boxes.items() if box}
        self.stage.keep_groups(met, joins)

    def _note_wrong(self, results: Iterable[Result]) -> None:
        self.stage.keep(result.ending(self.reader.places) for result in results)


def cleaned(reader: RowReader, places: Iterable[Place]) -> list[Work]:
    """The rows in the order of work, cleaned."""
    return [Work(reader.read(place.row), place.entity, place.strange) for place in places]


def read_ahead(stage: Stage, reader: RowReader, start: int, size: int) -> Iterator[Sequence[Work]]:
    """Chunks of cleaned rows; the next one is cleaned while the database writes the last."""

    def read(after: int) -> list[Work]:
        with Stage(stage.path) as own:  # a connection belongs to its thread
            return cleaned(reader, own.places(after, size))

    with ThreadPoolExecutor(max_workers=1) as thread:
        coming = thread.submit(read, start)
        while work := coming.result():
            start += len(work)
            coming = thread.submit(read, start)
            yield work
