"""Imports: upload, check, run in chunks, finish; a killed import goes on at its next row."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from time import monotonic
from typing import Any

from accounts.actor import Actor
from accounts.models import Workspace
from core import clock, files
from core.actions import action
from core.errors import Denied, Invalid, Refused
from core.events import publish
from crm import columns, learning
from crm.actions.import_parts import Result, last_stage
from crm.actions.import_people import PeopleImporter
from crm.actions.import_sales import (
    CompanyImporter,
    DealImporter,
    Importer,
    ItemImporter,
    UserImporter,
)
from crm.actions.scoring import rescore_leads, use_model
from crm.events import ImportFinished, ImportRequested
from crm.forms.imports import CleanRow, clean_rows
from crm.models import ImportRow, ImportRun, Lead
from crm.queries.scoring import active_model, known_outcomes, lead_facts
from crm.tables import Table, Unreadable, read_table

CHUNK = 500
SHOWN_PROBLEMS = 50
SHOWN_ROWS = 10
# What an import of each kind needs beside contact:import: whole files reach further than single rows.
ALSO_NEEDED = {"users": "user:manage", "items": "item:manage", "deals": "deal:reassign"}
SALES: dict[str, type[Importer]] = {
    "accounts": CompanyImporter, "users": UserImporter, "items": ItemImporter, "deals": DealImporter,
}  # fmt: skip
OTHERS_WRONG = "Not imported, because other rows of the file are wrong."


def upload_import(*, actor: Actor, content: bytes, file_name: str, kind: str = "") -> ImportRun:
    """Read a file, guess what it is and rehearse it; nothing is imported yet. Raises Invalid when it is no table.

    Reading and rehearsing stay outside the transaction: a large file takes seconds, and others write meanwhile.
    """
    actor.require("contact:import")
    try:
        table = read_table(content)
    except Unreadable as error:
        raise Invalid({"file": [str(error)]}) from error
    kind = kind or columns.guess_kind(table.headers)
    _may_import(kind, actor)
    draft = ImportRun(
        kind=kind,
        file_name=PurePath(file_name.replace("\\", "/")).name[:200] or "file",
        headers=table.headers,
        mapping=columns.guess_mapping(kind, table.headers),
        total=len(table.rows),
        message=table.form,
        created_by=actor.user,
    )
    draft.rehearsal = rehearse(draft, table, actor)
    draft.file_path = files.store(content, "imports", ".table")
    return keep_import(actor=actor, draft=draft)


def map_import(
    run: ImportRun, *, actor: Actor, kind: str, mode: str, mapping: dict[str, str]
) -> ImportRun:
    """Change how the columns are read, and rehearse again."""
    _may_touch(run, actor)
    _may_import(kind, actor)
    if kind != run.kind:
        mapping = columns.guess_mapping(kind, run.headers)
    known = {header: target for header, target in mapping.items() if header in run.headers}
    draft = ImportRun(
        kind=kind, mapping=dict.fromkeys(run.headers, columns.SKIP) | known, total=run.total
    )
    found = rehearse(draft, table_of(run), actor)
    return keep_mapping(
        run, actor=actor, kind=kind, mode=mode, mapping=draft.mapping, rehearsal=found
    )


@action("import.keep", permission=None)
def keep_import(*, actor: Actor, draft: ImportRun) -> ImportRun:
    """Keep an uploaded and rehearsed file."""
    draft.save()
    return draft


@action("import.map", permission=None)
def keep_mapping(
    run: ImportRun,
    *,
    actor: Actor,
    kind: str,
    mode: str,
    mapping: dict[str, str],
    rehearsal: dict[str, Any],
) -> ImportRun:
    """Keep how the columns are read and what the rehearsal found."""
    if run.state != ImportRun.State.DRAFT:
        raise Refused("This import has started. Upload the file again to read it in another way.")
    run.store(kind=kind, mode=mode, mapping=mapping, rehearsal=rehearsal)
    return run


@action("import.start", permission="contact:import")
def start_import(run: ImportRun, *, actor: Actor) -> ImportRun:
    """Hand a checked file to the worker. Refused when required columns are missing."""
    _may_touch(run, actor)
    _may_import(run.kind, actor)
    if run.state != ImportRun.State.DRAFT:
        raise Refused("This import has started already.")
    missing = columns.missing(run.kind, run.mapping)
    if missing:
        raise Refused(" ".join(missing), code="unmapped")
    run.store(state=ImportRun.State.QUEUED)
    publish(ImportRequested(run.pk, run.kind, run.total), actor=actor)
    return run


def carry_on(run: ImportRun, *, actor: Actor, seconds: float = 20.0) -> bool:
    """Do as much of an import as fits into the time; True when it is over. Call outside a transaction.

    Everything before the first chunk only reads: a file with a wrong row is refused whole, unless the good
    rows were asked for. Each chunk is one short transaction that moves `next_row`, so none is done twice.
    """
    end = monotonic() + seconds
    run.refresh_from_db()
    if not run.is_working:
        return True
    table = table_of(run)
    rows = clean_rows(run.kind, table, run.mapping, Workspace.current().country)
    if run.state == ImportRun.State.QUEUED:
        run = begin(run, actor=actor, rehearsal=_recheck(run, table, actor, rows))
    refused = bool(run.rehearsal.get("refused"))
    lesson = learn_from(run, rows) if run.kind == "leads" and not refused else None
    model = lesson[0] if lesson else active_model()
    blocked = bool(run.rehearsal.get("blocked"))
    importer = None if blocked else _importer(run, actor, rows, model, dry=False)
    while run.next_row < run.total:
        run = write_chunk(run, actor=actor, importer=importer, rows=rows, expected=run.next_row)
        if monotonic() > end and run.next_row < run.total:
            return False
    finish_import(run, actor=actor, importer=importer, rows=rows, lesson=lesson)
    if lesson:
        _rescore_open(run, actor, lesson[0])
    return True


@action("import.begin", permission=None)
def begin(run: ImportRun, *, actor: Actor, rehearsal: dict[str, Any]) -> ImportRun:
    """Let the rows be written, or only listed when one is wrong and all or none were asked for."""
    wrong, blocked = rehearsal["counts"]["error"], " ".join(rehearsal["blocked"])
    failed = bool(blocked) or (run.mode == ImportRun.Mode.ALL and wrong > 0)
    reason = blocked or f"{wrong:,} of {run.total:,} rows are wrong, so nothing was imported."
    run.store(
        state=ImportRun.State.RUNNING,
        started_at=clock.now(),
        rehearsal=rehearsal | {"refused": failed},
        message=reason[:400] if failed else run.message,
    )
    return run


@action("import.write", permission=None)
def write_chunk(
    run: ImportRun,
    *,
    actor: Actor,
    importer: Importer | PeopleImporter | None,
    rows: Sequence[CleanRow],
    expected: int,
) -> ImportRun:
    """Write the next rows and what became of each; does nothing when somebody else has written them."""
    if run.next_row != expected or run.state != ImportRun.State.RUNNING:
        return run
    part = rows[expected : expected + CHUNK]
    if importer is None:
        results = [Result(row, "skipped", run.message) for row in part]
    elif run.rehearsal.get("refused"):
        results = [_listed(result) for result in importer.plan(part)]
    else:
        results = importer.plan(part)
        importer.write()
    ImportRow.objects.bulk_create([result.as_row(run) for result in results])
    counts = Counter(result.outcome for result in results)
    run.store(
        next_row=expected + len(part),
        created_count=run.created_count + counts["created"],
        updated_count=run.updated_count + counts["updated"],
        skipped_count=run.skipped_count + counts["skipped"],
        error_count=run.error_count + counts["error"],
    )
    return run


@action("import.finish", permission=None)
def finish_import(
    run: ImportRun,
    *,
    actor: Actor,
    importer: Importer | PeopleImporter | None,
    rows: Sequence[CleanRow],
    lesson: tuple[dict[str, Any], float | None] | None,
) -> ImportRun:
    """Close the books of an import: parents tied, the score model put into use, one event."""
    if run.state != ImportRun.State.RUNNING:
        return run
    refused = bool(run.rehearsal.get("refused"))
    if not refused:
        if isinstance(importer, CompanyImporter):
            importer.finish(rows)
        if lesson:
            use_model(actor=actor, model=lesson[0], auc=lesson[1])
    run.store(
        state=ImportRun.State.FAILED if refused else ImportRun.State.FINISHED,
        finished_at=clock.now(),
    )
    counts = (run.created_count, run.updated_count, run.skipped_count, run.error_count)
    publish(ImportFinished(run.pk, run.kind, *counts), actor=actor)
    return run


def rehearse(
    run: ImportRun, table: Table, actor: Actor, rows: Sequence[CleanRow] | None = None
) -> dict[str, Any]:
    """Plan every row without writing any: the counts that the import will have, and the first wrong rows."""
    counts: Counter[str] = Counter(created=0, updated=0, skipped=0, error=0)
    answer: dict[str, Any] = {
        "counts": counts,
        "problems": [],
        "blocked": columns.missing(run.kind, run.mapping),
        "sample": [row.cells for row in table.rows[:SHOWN_ROWS]],
    }
    if answer["blocked"]:
        return answer | {"counts": dict(counts)}
    if rows is None:
        rows = clean_rows(run.kind, table, run.mapping, Workspace.current().country)
    try:
        importer = _importer(run, actor, rows, None, dry=True)
        for part in _parts(rows):
            for result in importer.plan(part):
                counts[result.outcome] += 1
                if result.outcome == "error" and len(answer["problems"]) < SHOWN_PROBLEMS:
                    answer["problems"].append({"row": result.row.number, "message": result.message})
    except Refused as error:
        answer["blocked"] = [error.message]
    outcomes = Counter(row.outcome for row in rows if row.outcome and not row.problems)
    return answer | {"counts": dict(counts), "won": outcomes["won"], "lost": outcomes["lost"]}


def learn_from(
    run: ImportRun, rows: Sequence[CleanRow]
) -> tuple[dict[str, Any], float | None] | None:
    """A model of the file's outcomes and of those known before, with its measure; None when there are too few.

    The same for every slice of the same run, since what the run itself has written is left out.
    """
    if not any(row.outcome for row in rows):
        return None
    before = list(known_outcomes(without_run=run.pk))
    seen = {lead.contact.email_folded for lead, _ in before} | {
        lead.contact.external_ref for lead, _ in before
    }
    reference = next(
        (columns.slug(h) for h, target in run.mapping.items() if target == "external_ref"), ""
    )
    fresh = [
        (row.facts, row.outcome == "won")
        for row in rows
        if row.outcome and not row.problems
        if not seen & {row.get("email_folded") or 0, f"{reference}:{row.get('external_ref')}"}
    ]
    examples = [(lead_facts(lead), won) for lead, won in before] + fresh
    try:
        return (learning.train(examples), learning.held_out_auc(examples)) if fresh else None
    except ValueError:
        return None


def table_of(run: ImportRun) -> Table:
    """The run's file, read anew."""
    return read_table(files.load(run.file_path))


def _importer(
    run: ImportRun,
    actor: Actor,
    rows: Sequence[CleanRow],
    model: dict[str, Any] | None,
    *,
    dry: bool,
) -> Importer | PeopleImporter:
    if run.kind in SALES:
        return SALES[run.kind](run, actor, rows=rows)
    return PeopleImporter(run, actor, model, dry=dry)


def _recheck(
    run: ImportRun, table: Table, actor: Actor, rows: Sequence[CleanRow]
) -> dict[str, Any]:
    # Rows of people are wrong by themselves, and were counted; rows of sales may point to what is gone since.
    if run.kind in SALES:
        return rehearse(run, table, actor, rows)
    try:
        if any(row.outcome == "won" for row in rows):
            last_stage()
    except Refused as error:
        return {**run.rehearsal, "blocked": [error.message]}
    return dict(run.rehearsal)


def _listed(result: Result) -> Result:
    outcome = "error" if result.outcome == "error" else "skipped"
    message = result.message if result.outcome == "error" else OTHERS_WRONG
    return Result(result.row, outcome, message)


def _parts(rows: Sequence[CleanRow]) -> Iterator[Sequence[CleanRow]]:
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _rescore_open(run: ImportRun, actor: Actor, model: dict[str, Any]) -> None:
    ids = list(
        Lead.objects.open().exclude(import_run=run).order_by("pk").values_list("pk", flat=True)
    )
    for start in range(0, len(ids), CHUNK):
        rescore_leads(actor=actor, leads=ids[start : start + CHUNK], model=model)


def _may_import(kind: str, actor: Actor) -> None:
    if kind in ALSO_NEEDED:
        actor.require(ALSO_NEEDED[kind])


def _may_touch(run: ImportRun, actor: Actor) -> None:
    if run.created_by_id != actor.user_id and not actor.can("settings:manage"):
        raise Denied(
            "Only the person who uploaded this file, or an administrator, can change its import."
        )
