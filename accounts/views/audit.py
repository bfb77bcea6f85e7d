"""The audit: who did what, when, by which door."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.http import HttpResponse

from accounts.actions.audit import note_export
from accounts.forms.audit import AuditFilterForm
from accounts.queries.audit import audit_for
from core.doors import Request, door
from core.exports import exported
from core.models import Event
from core.pages import page, paginate

COLUMNS = ("id", "at", "event", "record", "who", "kind", "door", "address", "request", "details")
MOST = 50_000


@door("audit:read")
def list_(request: Request) -> HttpResponse:
    """Every event that passes the filter, the newest first."""
    form = AuditFilterForm(request.GET)
    found = audit_for(request.actor, _wanted(form))
    rows = paginate(found, request.GET.get("cursor", ""), order=("-pk",))
    context = {"rows": rows, "form": form}
    return page(request, "accounts/audit/list.html", context, parts=("event-rows",))


@door("audit:read")
def export(request: Request) -> HttpResponse:
    """The same as a file for a spreadsheet, at most 50,000 rows."""
    wanted = _wanted(AuditFilterForm(request.GET))
    found = list(audit_for(request.actor, wanted).order_by("-pk")[:MOST])
    note_export(actor=request.actor, rows=len(found), name=wanted.get("name", ""))
    return exported("csv", "audit", COLUMNS, _lines(found))  # type: ignore[return-value]


def _wanted(form: forms.Form) -> dict[str, Any]:
    form.is_valid()  # a value that is not right narrows nothing; its message stands at the field
    return form.cleaned_data


def _lines(events: Iterable[Event]) -> Iterator[tuple[object, ...]]:
    for event in events:
        record = f"{event.subject_type} {event.subject_id or ''}".strip()
        details = json.dumps(event.data, ensure_ascii=False)
        who = (event.actor_name, event.actor_kind, event.via, event.ip, event.request_id)
        yield (event.pk, event.at.isoformat(), event.name, record, *who, details)
