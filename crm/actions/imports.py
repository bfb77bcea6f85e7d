"""Imports: upload, check, run in chunks, finish; a killed one goes on at its next row.

The rows of an upload lie in a file of their own (crm.staging). The check plans them without writing; the run plans them
the same way, and writes each chunk in one transaction together with how far it got.
"""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from copy import copy
from itertools import islice
from pathlib import PurePath
from typing import IO, Any

from django.db import connection
from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from core import bulk, clock, files
from core.actions import action
from core.errors import Denied, HouseError, Invalid, Refused
from core.events import publish
from crm import columns
from crm.actions.import_check import (
    SALES,
    guess,
    importer_of,
    read_ahead,
    reader_of,
    recognise,
    stage_of,
    stage_path,
    study,
)
from crm.actions.import_lesson import learn_from, rescore_others
from crm.actions.import_parts import ERROR, Importer, Result, Work
from crm.actions.recording import begin_operation, finish_operation, recording
from crm.actions.scoring import use_model
from crm.events import ImportFinished, ImportRequested, RowsImported
from crm.forms.imports import RowReader
from crm.models import Contact, Deal, ImportRun, Lead, Operation
from crm.models.search import suspend
from crm.queries.scoring import active_model
from crm.staging import Stage, remove
from crm.tables import Row, open_table
from crm.workbooks import Unreadable

CHUNK = {"sqlite": 1_000, "postgresql": 5_000}  # rows in one transaction
MANY = 100_000  # rows from which the search index may wait for the end
AT_ONCE = 2_000_000  # bytes that are checked while the person waits
SHOWN_ROWS = 10
STARTED = _("This import has started. Upload the file again to read it in another way.")
# What an import of each kind needs beside contact:import: whole files reach further than single rows.
ALSO_NEEDED = {"users": "user:manage", "items": "item:manage", "deals": "deal:reassign"}


def upload_import(*, actor: Actor, file: IO[bytes], file_name: str, kind: str = "") -> ImportRun:
    """Keep a file and guess what it is; a small one is checked at once. Nothing is imported yet.

    Raises Invalid when it is no table. Reading stays outside the transaction: it takes seconds, and others write.
    """
    actor.require("contact:import")
    path = files.keep(file, "imports", ".table")
    try:
        with open_table(files.path_of(path)) as table:
            sample = [row.cells for row in islice(table.rows, SHOWN_ROWS)]
        run = recognise(ImportRun(headers=table.headers, message=table.form), actor, kind)
        _may_import(run.kind, actor)
        run.file_name = PurePath(file_name.replace("\\", "/")).name[:200] or "file"
        run.file_path, run.created_by = path, actor.user
        run.rehearsal |= {"sample": sample}
        is_small = files.path_of(path).stat().st_size <= AT_ONCE
        if is_small:
            with stage_of(run) as stage:
                study(run, stage, actor)
        return keep_import(actor=actor, draft=run, is_checked=is_small)
    except BaseException as error:
        _forget(path)
        if isinstance(error, Unreadable):
            raise Invalid({"file": [str(error)]}) from error
        raise


def map_import(
    run: ImportRun, *, actor: Actor, kind: str, mode: str, mapping: dict[str, str], known: str = "fill"
) -> ImportRun:
    """Change how the columns are read, and check again."""
    _may_import(kind, actor)
    if kind != run.kind:
        mapping = guess(actor, kind, run.headers)
    told = {header: mapping.get(header, columns.SKIP) for header in run.headers}
    return check_again(run, actor=actor, kind=kind, mode=mode, known=known, mapping=told)


def check_again(run: ImportRun, *, actor: Actor, **values: Any) -> ImportRun:
    """Check a file anew, read as `values` say: at once when it is small, else by the worker."""
    _may_touch(run, actor)
    run.refresh_from_db()
    if run.state not in (ImportRun.State.DRAFT, ImportRun.State.FAILED):
        raise Refused(STARTED)
    draft = copy(run)
    for name, value in values.items():
        setattr(draft, name, value)
    is_small = files.size_of(stage_path(run.file_path)) <= AT_ONCE
    with stage_of(run) as stage:
        stage.forget()
        if is_small:
            study(draft, stage, actor)
    return keep_check(run, actor=actor, rehearsal=draft.rehearsal, is_checked=is_small, values=values)  # fmt: skip


def mend_rows(run: ImportRun, *, actor: Actor, cells: Mapping[int, Mapping[int, str]]) -> ImportRun:
    """Put other words into cells of wrong rows ({row: {column: text}}), then check again.

    After the import those rows alone are imported.
    """
    _may_touch(run, actor)
    if run.is_working:
        raise Refused(gettext("Wait until the import has ended, then mend its rows."))
    with stage_of(run) as stage:
        wrong = {ending.number for ending in stage.endings(ERROR)} & cells.keys()
        rows = stage.pick(wrong)
        for row in rows:
            for at, text in cells[row.number].items():
                if 0 <= at < len(row.cells):
                    row.cells[at] = text.replace("\x00", "").strip()[:32_767]
        stage.add(Row(row.number, row.cells) for row in rows)
        if run.state == ImportRun.State.FINISHED:
            return retry_rows(run, actor=actor, stage=stage, numbers=sorted(wrong))
    return check_again(run, actor=actor)


@action("import.keep", permission=None)
def keep_import(*, actor: Actor, draft: ImportRun, is_checked: bool) -> ImportRun:
    """Keep an uploaded file; one that is not checked yet is handed to the worker."""
    draft.state = ImportRun.State.DRAFT if is_checked else ImportRun.State.CHECKING
    draft.save()
    if not is_checked:
        publish(ImportRequested(draft.pk, draft.kind, draft.total), actor=actor)
    return draft


@action("import.check", permission=None)
def keep_check(
    run: ImportRun, *, actor: Actor, rehearsal: dict[str, Any], is_checked: bool, values: Mapping[str, Any]
) -> ImportRun:  # fmt: skip
    """Keep how the columns are read and what the check found, or hand the check to the worker."""
    if run.state not in (ImportRun.State.DRAFT, ImportRun.State.FAILED, ImportRun.State.CHECKING):
        raise Refused(STARTED)
    state = ImportRun.State.DRAFT if is_checked else ImportRun.State.CHECKING
    none = dict.fromkeys(("next_row", *(f"{name}_count" for name in run.counts)), 0)
    run.store(state=state, rehearsal=rehearsal, **none, **values)
    if not is_checked:
        publish(ImportRequested(run.pk, run.kind, run.total), actor=actor)
    return run


@action("import.start", permission="contact:import")
def start_import(run: ImportRun, *, actor: Actor) -> ImportRun:
    """Hand a checked file to the worker. Refused when required columns are missing."""
    _may_touch(run, actor)
    _may_import(run.kind, actor)
    if run.state == ImportRun.State.CHECKING:
        raise Refused(gettext("The file is still being checked. Wait a moment."))
    if run.state != ImportRun.State.DRAFT:
        raise Refused(gettext("This import has started already."))
    if missing := columns.missing(run.kind, run.mapping):
        raise Refused(" ".join(missing), code="unmapped")
    run.store(state=ImportRun.State.QUEUED)
    publish(ImportRequested(run.pk, run.kind, run.total), actor=actor)
    return run


def carry_on(run: ImportRun, *, actor: Actor, seconds: float = 20.0) -> bool:
    """Do as much of a check or an import as fits into the time; True when it is over. Call outside a transaction.

    Everything before the first chunk only reads. Each chunk is one short transaction that moves `next_row`, so
    none is done twice, whoever is killed when. Raises Busy while another process has the rows.
    """
    end = time.monotonic() + seconds
    run.refresh_from_db()
    if not run.is_working:
        return True
    try:
        with stage_of(run, alone=True) as stage:
            return _work(run, stage, actor, end)
    except (HouseError, Unreadable) as error:
        give_up(run, actor=actor, reason=str(error))
        return True


def _begun(run: ImportRun, stage: Stage, actor: Actor, end: float) -> bool:
    """Check the file as far as the time goes, and begin to write when that was asked for; False: come back."""
    is_first = run.state == ImportRun.State.QUEUED and not stage.noted("queued")
    if is_first and run.kind in SALES:
        stage.forget()  # such rows point to records that may have gone since the check
    stage.note(queued=run.state == ImportRun.State.QUEUED)
    if not study(run, stage, actor, end):
        return False
    found, total = run.rehearsal, run.total
    if run.state == ImportRun.State.CHECKING:
        keep_check(run, actor=actor, rehearsal=found, is_checked=True, values={"total": total})
    else:
        run = begin(run, actor=actor, rehearsal=found, total=total)
    if run.state == ImportRun.State.RUNNING and total > MANY and total > Contact.objects.count():
        # Each row costs the index more than building it once: a subscriber of the end does that.
        suspend(*((Contact, Lead) if run.kind == ImportRun.Kind.LEADS else (Contact,)))
    return True


@override("en")  # outcomes and reasons are kept
def _work(run: ImportRun, stage: Stage, actor: Actor, end: float) -> bool:
    if run.state != ImportRun.State.RUNNING:
        if not _begun(run, stage, actor, end):
            return False
        run.refresh_from_db()
        if run.state != ImportRun.State.RUNNING:
            return True
    reader = reader_of(run, stage)
    taught = learn_from(run, stage, reader)
    importer = importer_of(run, actor, is_dry=False, model=taught[0] if taught else active_model())
    size = CHUNK[connection.vendor]
    ahead = read_ahead(stage, reader, run.next_row, size)
    while run.next_row < run.total:
        work = next(ahead)
        run = write_chunk(
            run, actor=actor, importer=importer, stage=stage, reader=reader, work=work, expected=run.next_row
        )  # fmt: skip
        if time.monotonic() > end and run.next_row < run.total:
            return False
    while loose := stage.loose(size):
        rows = [reader.read(row) for row in stage.pick(loose)]
        tie_rows(run, actor=actor, importer=importer, stage=stage, rows=rows)
        stage.settle(loose)
    finish_import(run, actor=actor, taught=taught)
    if taught:
        rescore_others(run, actor=actor, model=taught[0])
    return True


@action("import.begin", permission=None)
def begin(run: ImportRun, *, actor: Actor, rehearsal: dict[str, Any], total: int) -> ImportRun:
    """Let the rows be written; or end here, when one is wrong and all or none were asked for."""
    wrong, blocked = rehearsal["counts"]["error"], " ".join(rehearsal["blocked"])
    run.store(rehearsal=rehearsal, total=total, started_at=clock.now())
    if blocked or (run.mode == ImportRun.Mode.ALL and wrong):
        wrong = 0 if blocked else wrong
        reason = blocked or f"{wrong:,} of {total:,} rows are wrong, so nothing was imported."
        return _end(run, actor, reason, next_row=total, error_count=wrong, skipped_count=total - wrong)  # fmt: skip
    run.store(state=ImportRun.State.RUNNING, operation=_begin_operation(run, actor))
    return run


@action("import.write", permission=None)
def write_chunk(
    run: ImportRun,
    *,
    actor: Actor,
    importer: Importer,
    stage: Stage,
    reader: RowReader,
    work: Sequence[Work],
    expected: int,
) -> ImportRun:
    """Write the next rows and what became of each; does nothing when somebody else has written them."""
    if run.next_row != expected or run.state != ImportRun.State.RUNNING:
        return run
    bulk.lazy_commit()  # a chunk that a power cut loses is found undone, and done again
    results = _write(run, actor=actor, importer=importer, stage=stage, reader=reader, work=work)
    counts = Counter(result.outcome for result in results)
    run.store(
        next_row=expected + len(work), **{f"{name}_count": count + counts[name] for name, count in run.counts.items()}
    )
    return run


@action("import.retry", permission=None)
def retry_rows(run: ImportRun, *, actor: Actor, stage: Stage, numbers: Sequence[int]) -> ImportRun:
    """Import rows that were wrong and have been mended; those that still are stay on the list."""
    operation = run.operation or _begin_operation(run, actor)
    if run.operation is not None and operation.state != Operation.State.DONE:
        raise Refused(gettext("This import was undone. Upload the file again."))
    run.operation = operation
    reader = reader_of(run, stage)
    importer = importer_of(run, actor, is_dry=False, model=active_model())
    work = [Work(reader.read(row), row.number, 0) for row in stage.pick(numbers)]
    results = _write(run, actor=actor, importer=importer, stage=stage, reader=reader, work=work)
    counts = Counter(result.outcome for result in results)
    counts[ERROR] -= len(results)
    run.store("operation", **{f"{name}_count": count + counts[name] for name, count in run.counts.items()})
    finish_operation(operation)
    return run


@action("import.tie", permission=None)
def tie_rows(run: ImportRun, *, actor: Actor, importer: Importer, stage: Stage, rows: Sequence[Any]) -> None:
    """Tie records to others that stood below them in the file."""
    with recording(operation=run.operation, actor=actor) as record:
        said = importer.tie(rows, record)
    stage.say(said)


@action("import.finish", permission=None)
def finish_import(run: ImportRun, *, actor: Actor, taught: tuple[dict[str, Any], float | None] | None) -> ImportRun:
    """Close the books of an import: the score model put into use, the undo offered, one event."""
    if run.state != ImportRun.State.RUNNING:
        return run
    if taught:
        use_model(actor=actor, model=taught[0], auc=taught[1])
    operation = run.operation
    if operation is not None and not operation.steps:
        run.store(operation=None)
        operation.delete()
    elif operation is not None:
        finish_operation(operation)
    return _end(run, actor, "")


@action("import.give_up", permission=None)
def give_up(run: ImportRun, *, actor: Actor, reason: str) -> ImportRun:
    """End an import that cannot go on, for a reason; what was written stays, and can be undone."""
    if run.operation is not None:
        finish_operation(run.operation)
    return _end(run, actor, reason)


@action("import.expire", permission=None)
def expire_import(run: ImportRun, *, actor: Actor) -> ImportRun:
    """Delete an uploaded file that nobody can need any more; the figures stay."""
    _forget(run.file_path)
    run.store(file_path="")
    return run


def _write(
    run: ImportRun, *, actor: Actor, importer: Importer, stage: Stage, reader: RowReader, work: Sequence[Work]
) -> list[Result]:  # fmt: skip
    results = importer.plan(work)
    with recording(operation=run.operation, actor=actor) as record:
        importer.write(record)
    # Before the commit: a chunk that is done again says it again, by the same numbers.
    with stage.together():
        stage.keep(result.ending(reader.places) for result in results)
        stage.leave_loose(importer.loose)
    touched = {f"{model._meta.model_name}_ids": bulk.ranges(importer.ids(model)) for model in (Contact, Lead, Deal)}
    if any(touched.values()):
        publish(RowsImported(run.pk, run.kind, **touched), actor=actor)
    return results


def _begin_operation(run: ImportRun, actor: Actor) -> Operation:
    title = f"Imported {run.file_name}"
    return begin_operation(Operation.Kind.IMPORT, title, actor=actor, permission="contact:import")


def _end(run: ImportRun, actor: Actor, reason: str, **counts: int) -> ImportRun:
    state = ImportRun.State.FAILED if reason else ImportRun.State.FINISHED
    run.store(state=state, message=reason[:400] or run.message, finished_at=clock.now(), **counts)
    publish(ImportFinished(run.pk, run.kind, *run.counts.values()), actor=actor)
    return run


def _forget(path: str) -> None:
    if path:
        files.path_of(path).unlink(missing_ok=True)
        remove(stage_path(path))


def _may_import(kind: str, actor: Actor) -> None:
    if kind in ALSO_NEEDED:
        actor.require(ALSO_NEEDED[kind])


def _may_touch(run: ImportRun, actor: Actor) -> None:
    if run.created_by_id != actor.user_id and not actor.can("settings:manage"):
        raise Denied(gettext("Only the person who uploaded this file, or an administrator, can change its import."))
