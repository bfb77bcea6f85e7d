"""REST for lists as files, and for files that become records: exports and imports."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from ninja import Router

from accounts.listing import file_of
from core.actions import clean
from core.api import body_of, check_query, rest
from core.clauses import names_of
from core.errors import Invalid
from core.exports import FORMS, XLSX, exported
from core.lists import ListSpec
from core.numbers import is_number
from core.openapi import FILE, NUMBER, OBJECT, PERSON, TEXT, rows_of, shows
from core.verbs import browse, offer
from crm.actions.imports import map_import, mend_rows, upload_import
from crm.api.shapes import person
from crm.forms.imports import MapImportForm, MendImportForm, UploadImportForm
from crm.lists import CONTACTS, DEALS, ITEMS, LEADS, TASKS
from crm.models import ImportRun
from crm.queries.imports import endings_of, failures_of, import_for, imports_for, progress_of

router = Router(tags=["Files"])
ROWS = 50
KINDS = ("text/csv", XLSX, "application/pdf")


def offer_file(spec: ListSpec, nouns: str) -> None:
    """Register the file of a list: the address asks for rows and columns as the list's page does."""
    query = {
        "format": {"type": "string", "enum": [*FORMS, *(["all"] if spec.everything else [])]},
        "view": {**TEXT, "description": "A view of the list, by its key."},
        "q": {**TEXT, "description": "Words that each must be found."},
        "sort": {**TEXT, "description": "A column, with - before it for the highest first."},
        **dict.fromkeys(sorted(names_of(spec.filters)), TEXT),
    }

    @rest(router, "GET", f"/{nouns}/export", permission=spec.export, query=query, answers={200: FILE}, media=KINDS)
    def export(request: HttpRequest) -> HttpResponseBase:
        """Return the rows and columns of a list as CSV, XLSX or PDF; `all` is CSV that can be imported again."""
        return file_of(request, spec)


for listed, name in (
    (CONTACTS, "contacts"), (LEADS, "leads"), (DEALS, "deals"), (TASKS, "activities"), (ITEMS, "items"),
):  # fmt: skip
    offer_file(listed, name)


@shows(
    ImportRun,
    "id kind state mode known file_name headers mapping total next_row created_count updated_count skipped_count"
    " error_count message operation_id created_at started_at finished_at",
    created_by=PERSON,
)
def import_run(row: ImportRun) -> dict[str, Any]:
    """Return an import; `operation_id` is what to undo."""
    return {"created_by": person(row.created_by)}


def explained(row: ImportRun) -> dict[str, Any]:
    """Return an import with what its check found, and how far it is while it works."""
    far = progress_of(row) if row.is_working else None
    progress = {"doing": far.doing, "done": far.done, "of": far.of} if far else None
    return import_run(row) | {"found": row.rehearsal, "progress": progress}


browse(
    router,
    "/imports",
    "contact:import",
    import_run,
    imports_for,
    find=import_for,
    whole=explained,
    filters={"kind": "kind", "state": "state"},
)
offer(router, "POST /imports/{int:pk}/start", "import.start", explained, import_for)


@rest(
    router, "POST", "/imports", permission="contact:import", form=UploadImportForm, is_file=True, answers={201: OBJECT}
)
def upload(request: HttpRequest) -> tuple[int, Any]:
    """Upload a CSV or XLSX file: it is recognised and checked, and nothing is imported yet."""
    values = clean(UploadImportForm, request.POST, request.FILES)
    file, kind = values["file"], values["kind"]
    run = upload_import(actor=request.actor, file=file.file, file_name=file.name, kind=kind)
    return 201, explained(run)


@rest(router, "PATCH", "/imports/{int:pk}", permission="contact:import", form=MapImportForm, partial=True)
def remap(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Change how the columns are read, and check the file again."""
    run = import_for(request.actor, pk)
    held = {name: getattr(run, name) for name in MapImportForm.base_fields}
    is_admin = bool(request.actor.can("settings:manage"))
    sent = body_of(request)
    if sent.get("kind", run.kind) != run.kind and "mapping" not in sent:
        held["mapping"] = {}  # the fields of another kind are guessed anew
    values = clean(MapImportForm, {**held, **sent}, is_admin=is_admin)
    return explained(map_import(run, actor=request.actor, **values))


@rest(
    router,
    "GET",
    "/imports/{int:pk}/rows",
    permission="contact:import",
    query={"outcome": {"type": "string", "enum": ["", *ImportRun().counts]}, "cursor": TEXT},
    answers={200: rows_of({**OBJECT, "properties": {"number": NUMBER, "outcome": TEXT, "message": TEXT}})},
)
def rows(request: HttpRequest, pk: int) -> dict[str, Any]:
    """List what became of the rows, with their cells, the columns at fault and the records that they led to."""
    check_query(request, ("outcome", "cursor"))
    run = import_for(request.actor, pk)
    outcome, cursor = request.GET.get("outcome", ""), request.GET.get("cursor") or "0"
    if outcome not in ("", *run.counts):
        raise Invalid({"outcome": [f"Choose one of {', '.join(run.counts)}."]})
    if not is_number(cursor) or len(cursor) > 9:
        raise Invalid({"cursor": ["Use the cursor of the last answer, or none."]})
    found = endings_of(run, outcome, int(cursor), ROWS + 1)
    return {
        "results": [
            {
                "number": end.number, "outcome": end.outcome, "message": end.message,
                "columns": [run.headers[at] for at in end.columns],
                "cells": dict(zip(run.headers, cells, strict=False)),
                "contact_id": end.contact, "lead_id": end.lead, "deal_id": end.deal,
            }
            for end, cells in found[:ROWS]
        ],
        "next": str(found[ROWS - 1][0].number) if len(found) > ROWS else None,
    }  # fmt: skip


@rest(router, "PATCH", "/imports/{int:pk}/rows", permission="contact:import", form=MendImportForm)
def mend(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Put other words into cells of wrong rows; they are checked again, after the import imported again."""
    run = import_for(request.actor, pk)
    cells = clean(MendImportForm, body_of(request), headers=run.headers)["rows"]
    return explained(mend_rows(run, actor=request.actor, cells=cells))


@rest(router, "GET", "/imports/{int:pk}/failures", permission="contact:import", answers={200: FILE}, media=KINDS[:1])
def failures(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Return the rows that were not imported, with reasons, as CSV: mend them and upload that file."""
    run = import_for(request.actor, pk)
    headers = ["Row", "Reason", *run.headers]
    return exported("csv", f"import-{run.pk}-not-imported", headers, failures_of(run))
