"""The pages of imports: upload, check the columns, watch, mend wrong rows, read the result."""

import re
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.actions import clean
from core.doors import door
from core.errors import Invalid, Refused
from core.exports import exported
from core.pages import done, page, paginate
from crm import columns
from crm.actions.imports import map_import, mend_rows, start_import, upload_import
from crm.forms.imports import MapImportForm, UploadImportForm, own_choices
from crm.models import Contact, Deal, ImportRun, Lead
from crm.queries.imports import endings_of, failures_of, import_for, imports_for, progress_of
from crm.sheets import BOTH, add_errors

ROWS = 20  # on one page
OUTCOMES = {
    "": _("All rows"), "created": _("Created"), "updated": _("Joined"), "skipped": _("Unchanged"),
    "error": _("Not imported"),
}  # fmt: skip


@door("contact:import")
def list_(request: HttpRequest) -> HttpResponse:
    """The actor's imports; everybody's for administrators."""
    runs = imports_for(request.actor)
    context = {"rows": paginate(runs, request.GET.get("cursor", "")), "total": None}
    return page(request, "crm/imports/list.html", context, parts=())


@door("contact:import", methods=BOTH)
def new(request: HttpRequest) -> HttpResponse:
    """Upload a file; a file that is no table is refused here, in words."""
    form, status = UploadImportForm(initial={"kind": request.GET.get("kind", "")}), 200
    if request.method == "POST":
        form = UploadImportForm(request.POST, request.FILES)
        try:
            values = clean(UploadImportForm, request.POST, request.FILES)
            file, kind = values["file"], values["kind"]
            run = upload_import(actor=request.actor, file=file.file, file_name=file.name, kind=kind)
        except Invalid as error:
            add_errors(form, error.errors)
            status = error.status
        else:
            return done(request, run)
    return page(request, "crm/imports/new.html", {"form": form}, parts=("import-upload",), status=status)


@door("contact:import", methods=BOTH)
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A file on its way: its columns to check, its progress, or what became of each row."""
    run = import_for(request.actor, pk)
    status, problem = 200, ""
    if request.method == "POST":
        try:
            return _carry_out(request, run)
        except (Invalid, Refused) as error:
            status, problem = error.status, error.message
    if run.state == ImportRun.State.DRAFT:
        context = _mapping(request, run) | {"problem": problem}
        return page(request, "crm/imports/map.html", context, parts=(), status=status)
    context = _result(request, run) | {"problem": problem}
    return page(request, "crm/imports/detail.html", context, parts=("import-run",), status=status)


@door("contact:import", methods=("POST",))
def mend(request: HttpRequest, pk: int) -> HttpResponse:
    """Other words for cells of wrong rows (r<row>-<column>); those rows are checked, or imported, again."""
    run = import_for(request.actor, pk)
    cells: dict[int, dict[int, str]] = {}
    for name, text in request.POST.items():
        if found := re.fullmatch(r"r(\d{1,9})-(\d{1,3})", name):
            cells.setdefault(int(found[1]), {})[int(found[2])] = str(text)
    run = mend_rows(run, actor=request.actor, cells=cells)
    return done(request, f"{run.get_absolute_url()}?outcome=error")


@door("contact:import")
def failures(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The rows that were not imported, with reasons, as CSV: mend them and upload that file."""
    run = import_for(request.actor, pk)
    name = f"import-{run.pk}-not-imported"
    return exported("csv", name, ["Row", "Reason", *run.headers], failures_of(run))


def _carry_out(request: HttpRequest, run: ImportRun) -> HttpResponse:
    mapping = {header: request.POST.get(f"column-{at}", columns.SKIP) for at, header in enumerate(run.headers)}
    data = {name: request.POST.get(name) for name in ("kind", "mode", "known")}
    data["mapping"] = mapping
    if data["kind"] != run.kind:  # the fields of another kind are guessed anew
        data["mapping"] = {}
    values = clean(MapImportForm, data, is_admin=_is_admin(request))
    if any(getattr(run, name) != value for name, value in values.items()):
        run = map_import(run, actor=request.actor, **values)
    if request.POST.get("then") == "import":
        start_import(run, actor=request.actor)
    return done(request, run)


def _mapping(request: HttpRequest, run: ImportRun) -> dict[str, Any]:
    sample = run.rehearsal.get("sample", [])
    offered = own_choices(run.kind, run.headers, is_admin=_is_admin(request))
    posted = request.method == "POST"
    chosen = [
        request.POST.get(f"column-{at}", "") if posted else run.mapping.get(header, columns.SKIP)
        for at, header in enumerate(run.headers)
    ]
    return _wrong(run, 0) | {
        "run": run,
        "found": run.rehearsal,
        "kinds": ImportRun.Kind.choices,
        "modes": ImportRun.Mode.choices,
        "knowns": ImportRun.Known.choices,
        "sample": sample,
        "columns": [
            {"at": at, "header": header, "values": [row[at] for row in sample[:3] if row[at]], "target": chosen[at],
             "offered": [pair for pair in offered if _fits(pair, header)]}
            for at, header in enumerate(run.headers)
        ],
    }  # fmt: skip


def _fits(choice: tuple[str, str], header: str) -> bool:
    """A column's own name is offered to it alone; the shared fields to all."""
    _key, label = choice
    is_own = label.startswith((f"{gettext('Fact')}: ", f"{gettext('Own field')}: "))
    return not is_own or label.endswith(f": {header}")


def _result(request: HttpRequest, run: ImportRun) -> dict[str, Any]:
    outcome = request.GET.get("outcome", "")
    outcome = outcome if outcome in OUTCOMES else ""
    after = request.GET.get("after", "")
    start = int(after) if after.isdecimal() and len(after) < 10 else 0
    context: dict[str, Any] = {"run": run, "chosen": outcome, "again": reverse("crm:import-new")}
    if run.is_working:
        return context | {"progress": progress_of(run)}
    counts = {"": run.next_row, **run.counts}
    context["views"] = [(key, OUTCOMES[key], count) for key, count in counts.items()]
    if outcome == "error" or run.state == ImportRun.State.FAILED:
        return context | _wrong(run, start)
    rows = endings_of(run, outcome, start, ROWS + 1)
    records: dict[str, dict[int, Any]] = {}
    for name, model in (("lead", Lead), ("deal", Deal), ("contact", Contact)):
        ids = {getattr(ending, name) for ending, _ in rows} - {None}
        seen = request.actor.visible(f"{name}:read", model.objects.filter(pk__in=ids))
        records[name] = {row.pk: row for row in seen}
    context["rows"] = [
        (ending, cells, next((records[n][i] for n in records if (i := getattr(ending, n)) in records[n]), None))
        for ending, cells in rows[:ROWS]
    ]  # fmt: skip
    context["next"] = rows[ROWS - 1][0].number if len(rows) > ROWS else 0
    return context


def _wrong(run: ImportRun, start: int) -> dict[str, Any]:
    """Wrong rows with the cells at fault, to be mended on the page."""
    rows = endings_of(run, "error", start, ROWS + 1)
    used = [at for at, header in enumerate(run.headers) if run.mapping.get(header)]
    return {
        "wrong": [
            {"number": ending.number, "message": ending.message, "fields": [
                (at, run.headers[at], cells[at]) for at in (ending.columns or used)[:12] if at < len(cells)
            ]}
            for ending, cells in rows[:ROWS]
        ],
        "next_wrong": rows[ROWS - 1][0].number if len(rows) > ROWS else 0,
    }  # fmt: skip


def _is_admin(request: HttpRequest) -> bool:
    return bool(request.actor.can("settings:manage"))
