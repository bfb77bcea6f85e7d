"""The pages of operations: many rows at once, what was done lately, and its Undo."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.forms.utils import ErrorDict
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.actions import run
from core.doors import WRITE, door
from core.errors import Invalid
from core.lists import SPECS
from core.numbers import is_number
from core.pages import done, page, paginate
from crm.forms.bulk import MOST_IDS
from crm.models import Operation
from crm.queries.bulk import NOUNS, Verb, chosen, verb_of
from crm.queries.operations import entries, operation_for, operations_for, undo_denial, undo_offer, undo_refusal
from crm.sheets import BOTH, add_errors

SHOWN = 200
INTROS = {
    "delete": _("What belongs to them goes with them. For 30 days you can undo this."),
    "update": _("An empty value clears the field. For 30 days you can undo this."),
}


@door("contact:read")
def list_(request: HttpRequest) -> HttpResponse:
    """What was merged, imported, changed in bulk, deleted or converted lately, and whether it can be undone."""
    rows = paginate(operations_for(request.actor), request.GET.get("cursor", ""))
    for row in rows:
        row.refusal = _refusal(request, row, asks_others=False)
    return page(request, "crm/operations/list.html", {"rows": rows})


@door("contact:read")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One operation: its progress, then what failed and why; after an undo, what was kept and why."""
    row = operation_for(request.actor, pk)
    context = {
        "row": row,
        "refusal": _refusal(request, row),
        "failures": entries(row, "failure", SHOWN),
        "conflicts": entries(row, "conflict", SHOWN),
        "done": row.row_count + row.failed_count,
        "shown": SHOWN,
    }
    return page(request, "crm/operations/detail.html", context, parts=("operation",))


@door("contact:read", WRITE)
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo an operation, and go back to where it was asked; where rows were kept, to the list of them."""
    row = run("operation.undo", operation_for(request.actor, pk), actor=request.actor, data={})
    if row.state != Operation.State.UNDONE:
        return done(request, row)
    here = urlsplit(request.headers.get("HX-Current-URL", ""))
    asked = here._replace(scheme="", netloc="").geturl() or request.POST.get("back", "")
    return done(request, _local(asked, row.get_absolute_url()), gettext("Undone: %(row)s.") % {"row": row})


@door("contact:read", BOTH)
def bulk(request: HttpRequest, noun: str) -> HttpResponse:
    """Ask what a verb needs for the chosen rows, then do it to each; many rows are the worker's."""
    verb = verb_of(noun, request.GET.get("verb", ""))
    if verb is None:
        raise Http404
    request.actor.require(verb.spec.permission)
    picked = [int(pk) for pk in request.GET.getlist("pk") if is_number(pk)][:MOST_IDS]
    ids = None if request.GET.get("all") else sorted(set(picked))
    query = request.GET.get("filters", "")
    total = len(ids) if ids is not None else chosen(request.actor, noun, None, query).count()
    back = _local(request.GET.get("back", ""), reverse(SPECS[noun].url_name))
    if not total:
        return done(request, back, gettext("Tick some rows first."))
    field = request.POST.get("field", "")
    form, data = _form(verb, noun, field, request.POST)
    status = 200
    if request.method == "POST" and (verb.key != "update" or "go" in request.POST):
        asked = {"verb": verb.key, "data": data, "ids": ids, "all": ids is None, "filters": query}
        try:
            made = run(NOUNS[noun].action, actor=request.actor, data=asked)
        except Invalid as error:
            form._errors, form.cleaned_data, status = ErrorDict(), {}, error.status
            add_errors(form, error.errors)
        else:
            if made.is_working or made.failed_count:
                return done(request, made)
            return done(request, back, f"{made}.", undo=undo_offer(made))
    many = f"{total:,} {gettext(noun if total != 1 else NOUNS[noun].one)}"
    context = {
        "form": form,
        "back": back,
        "title": f"{verb.label} {many}",
        "intro": INTROS.get(verb.key, ""),
        "submit": f"{verb.label} {many}" if data or verb.key != "update" else gettext("Next"),
        "danger": verb.key == "delete",
    }
    return page(request, "crm/form.html", context, parts=("sheet-form",), status=status)


def _form(verb: Verb, noun: str, field: str, posted: Any) -> tuple[forms.Form, dict[str, Any]]:
    """The form of a verb, and what was posted for it; an edit asks first which field, then for its value."""
    form_class = verb.spec.form or forms.Form
    if verb.key != "update":
        data = {name: posted[name] for name in form_class.base_fields if name in posted}  # type: ignore[attr-defined]
        return form_class(posted or None), data
    form = form_class()
    offered = {
        name: one
        for name, one in form.fields.items()
        if name not in NOUNS[noun].single and not isinstance(one.widget, forms.HiddenInput)
    }
    if field in offered:
        value = posted.get(field, "")
        form = form_class({field: value}) if "go" in posted else form
        hidden = {"field": field, "go": "1"}
        form.fields = {field: offered[field]} | {
            name: forms.CharField(widget=forms.HiddenInput, initial=value) for name, value in hidden.items()
        }
        form.initial = {**form.initial, **hidden}
        return form, {field: value}
    labels = [(name, one.label or name.replace("_", " ").capitalize()) for name, one in offered.items()]
    form.fields = {"field": forms.ChoiceField(choices=labels)}
    return form, {}


def _refusal(request: HttpRequest, row: Operation, *, asks_others: bool = True) -> str:
    return undo_refusal(row, asks_others=asks_others) or undo_denial(row, request.actor)


def _local(address: str, otherwise: str) -> str:
    safe = address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None)
    return address if safe else otherwise
