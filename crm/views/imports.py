"""The pages of imports: upload, check the columns, watch, read the result."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from core.actions import clean
from core.doors import door
from core.errors import Invalid, Refused
from core.exports import to_csv
from core.pages import done, page, paginate
from crm import columns
from crm.actions.imports import map_import, start_import, upload_import
from crm.forms.imports import MapImportForm, UploadImportForm
from crm.models import ImportRow, ImportRun
from crm.queries.imports import failures_of, import_for, imports_for, rows_of
from crm.sheets import BOTH, add_errors


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
            upload, kind = values["file"], values["kind"]
            run = upload_import(
                actor=request.actor, content=upload.read(), file_name=upload.name, kind=kind
            )
        except Invalid as error:
            add_errors(form, error.errors)
            status = error.status
        else:
            return done(request, run)
    return page(
        request, "crm/imports/new.html", {"form": form}, parts=("import-upload",), status=status
    )


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
        return page(
            request,
            "crm/imports/map.html",
            _mapping(request, run, problem),
            parts=(),
            status=status,
        )
    return page(
        request,
        "crm/imports/detail.html",
        _result(request, run),
        parts=("import-run",),
        status=status,
    )


@door("contact:import")
def failures(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows that were not imported, with reasons, as CSV: mend them and upload that file."""
    run = import_for(request.actor, pk)
    content = to_csv(["Row", "Outcome", "Reason", *run.headers], failures_of(run))
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="import-{run.pk}-not-imported.csv"'
    return response


def _carry_out(request: HttpRequest, run: ImportRun) -> HttpResponse:
    mapping = {
        header: request.POST.get(f"column-{at}", columns.SKIP)
        for at, header in enumerate(run.headers)
    }
    data = {"kind": request.POST.get("kind"), "mode": request.POST.get("mode"), "mapping": mapping}
    if data["kind"] != run.kind:  # the fields of another kind are guessed anew
        data["mapping"] = {}
    values = clean(MapImportForm, data)
    run = map_import(run, actor=request.actor, **values)
    if request.POST.get("then") == "import":
        start_import(run, actor=request.actor)
    return done(request, run)


def _mapping(request: HttpRequest, run: ImportRun, problem: str) -> dict[str, Any]:
    sample = run.rehearsal.get("sample", [])
    offered = columns.choices(run.kind, run.headers)
    posted = request.method == "POST"
    chosen = [
        request.POST.get(f"column-{at}", "") if posted else run.mapping.get(header, columns.SKIP)
        for at, header in enumerate(run.headers)
    ]
    return {
        "run": run,
        "problem": problem,
        "found": run.rehearsal,
        "kinds": ImportRun.Kind.choices,
        "modes": ImportRun.Mode.choices,
        "sample": sample,
        "columns": [
            {"at": at, "header": header, "values": [row[at] for row in sample[:3] if row[at]], "target": chosen[at],
             "offered": [pair for pair in offered if _fits(pair[0], header)]}
            for at, header in enumerate(run.headers)
        ],
    }  # fmt: skip


def _fits(target: str, header: str) -> bool:
    """A column's own name is offered to it alone; the shared fields to all."""
    own = target.startswith((columns.FACT, columns.CUSTOM))
    return (
        not own or target.partition(":")[2] == columns.slug(header) or target in columns.KNOWN_FACTS
    )


def _result(request: HttpRequest, run: ImportRun) -> dict[str, Any]:
    outcome = request.GET.get("outcome", "")
    outcome = outcome if outcome in ImportRow.Outcome.values else ""
    counts = {"": run.next_row, "created": run.created_count, "updated": run.updated_count}
    counts |= {"skipped": run.skipped_count, "error": run.error_count}
    labels = {"": "All rows", **dict(ImportRow.Outcome.choices)}
    rows = rows_of(run, outcome) if not run.is_working else ImportRow.objects.none()
    return {
        "run": run,
        "rows": paginate(rows, request.GET.get("cursor", ""), order=("number", "pk")),
        "total": counts[outcome],
        "views": [(key, labels[key], count) for key, count in counts.items()],
        "chosen": outcome,
        "failed": run.error_count + run.skipped_count,
        "again": reverse("crm:import-new"),
    }
