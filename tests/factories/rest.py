"""The ground of the tests of REST: rows of everything that its addresses name, and the document that lists them."""

from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from itertools import count
from typing import Any

from accounts.models import SavedView, User
from accounts.roles import VIEWER
from config.api import api
from core import clock
from crm.actions.imports import upload_import
from crm.models import (
    Approval,
    BookingPage,
    ContactAddress,
    CustomField,
    DealLine,
    DuplicatePair,
    Goal,
    Holiday,
    ImportRun,
    Operation,
    Playbook,
    PriceList,
    PriceListEntry,
    Process,
    ReportRecipient,
    ReportSchedule,
    RoutingVersion,
    Tag,
    Territory,
    Ticket,
)
from crm.queries.periods import month_of
from tests.crm.documents import uploaded
from tests.factories.crm import SYSTEM, make_activity, make_contact, make_deal, make_item, make_lead, make_pipeline
from tests.people import make_person

HOME = "/api/v1/"
CSV = b"Email,First Name,City\nnew@x.example,Asha,Pune\nwrong,No address,Pune\n"
_number = count(1)


def document() -> dict[str, Any]:
    """Return the document of the API."""
    return dict(api.get_openapi_schema(path_prefix=HOME))


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Return every (method, path, operation) that the document tells."""
    for path, verbs in document()["paths"].items():
        for method, said in verbs.items():
            yield method.upper(), path, said


def noun_of(path: str) -> str:
    """Return the noun whose key an address holds."""
    return path.removeprefix(HOME).removeprefix("crm/").partition("/")[0]


def make_rows(owner: User) -> dict[str, int]:
    """Write one row of every kind that a list of the API shows; returns their ids by noun."""
    at = next(_number)
    contact = make_contact(owner=owner, phone=f"+9198765{at:05}")
    contact.tags.add(tag := Tag.objects.create(name=f"Tag {at}"))
    address = ContactAddress.objects.create(
        contact=contact, channel="email", value=f"other{at}@x.in", folded=f"other{at}@x.in"
    )
    lead = make_lead(owner=owner, contact=contact)
    pipeline, other = make_pipeline(), make_pipeline(f"Line {at}", is_default=False)
    deal = make_deal(owner=owner, contact=contact)
    item, prices = make_item(), PriceList.objects.create(name=f"Prices {at}", currency="INR")
    DealLine.objects.create(deal=deal, item=item, description="Care", quantity=1, unit_price_minor=100)
    PriceListEntry.objects.create(price_list=prices, item=item, unit_price_minor=100)
    steps = [{"name": "Begin", "tasks": []}]
    names = dict.fromkeys(("key", "slug"), f"book{at}")
    playbook = Playbook.objects.create(**names, name="Book", starts_on="deal.won", steps=steps)
    Process.objects.create(playbook=playbook, deal=deal, contact=contact, steps=steps)
    pair = DuplicatePair.objects.create(
        contact=contact, other=make_contact(owner=owner), score=700, reasons=[["Same", 7]]
    )
    run = upload_import(actor=SYSTEM, file=BytesIO(CSV), file_name="x.csv", kind="leads")
    ImportRun.objects.filter(pk=run.pk).update(created_by=owner)
    field = CustomField.objects.create(noun="contact", key=f"own{at}", label=f"Own {at}", type="text")  # fmt: skip
    schedule = ReportSchedule.objects.create(maker=owner, report="pipeline")
    made = {
        "goals": Goal.objects.create(month=month_of(date(2031, 1, 1), at), figure="won", amount=100_000),
        "report-schedules": schedule,
        "report-subscriptions": ReportRecipient.objects.create(schedule=schedule, user=owner),
        "contacts": contact, "leads": lead, "deals": deal, "addresses": address, "tags": tag, "pipelines": pipeline,
        "stages": other.stages.order_by("order").first(), "items": item, "price-lists": prices, "playbooks": playbook,
        "activities": make_activity(contact=contact, lead=lead, deal=deal, actor=owner),
        "holidays": Holiday.objects.create(on=date(2030, 1, 1) + timedelta(days=at), name="Fair"),
        "approvals": Approval.objects.create(deal=deal, requested_by=owner, fingerprint="x", value_minor=1,
                                             currency="INR"),
        "duplicates": pair, "custom-fields": field, "imports": run,
        "operations": Operation.objects.create(kind="bulk_edit", title="Edited", created_by=owner, state="done",
                                               permission="contact:update", undo_until=clock.now() + timedelta(days=9)),
        "documents": uploaded(owner, contact=contact),
        "tickets": Ticket.objects.create(contact=contact, subject="Broken", assignee=owner),
        "booking-pages": BookingPage.objects.get_or_create(
            user=owner, defaults={"slug": f"meet-{at}", "title": "Meet"}
        )[0],
        "territories": Territory.objects.create(name=f"Territory {at}", cities=["Pune"]),
        "routing": RoutingVersion.objects.create(territories=[], note="First"),
        "views": SavedView.objects.create(user=owner, page="contacts", name=f"View {at}", is_shared=True),
    }  # fmt: skip
    return {noun: row.pk for noun, row in made.items()}


UPLOADS = ("crm/imports", "crm/documents", "/versions")  # ends of the addresses whose POST takes a form with a file
BODIES: dict[str, Any] = {
    "POST contacts/{pk}/share": {"user": "{someone}"},
    "POST contacts/{pk}/unshare": {"user": "{someone}"},
    "POST contacts/{pk}/ask-access": {"note": "May I?"},
    "POST leads/{pk}/share": {"user": "{someone}"},
    "POST leads/{pk}/unshare": {"user": "{someone}"},
    "POST leads/{pk}/ask-access": {},
    "POST deals/{pk}/share": {"user": "{someone}"},
    "POST deals/{pk}/unshare": {"user": "{someone}"},
    "POST deals/{pk}/ask-access": {},
    "POST contacts": {"first_name": "Nia", "email": "nia@new.in"},
    "PATCH contacts/{pk}": {"city": "Pune"},
    "POST contacts/{pk}/reassign": {"owner": "{someone}"},
    "POST contacts/{pk}/tags": {"add": "Fresh"},
    "POST contacts/{pk}/addresses": {"channel": "email", "value": "more@new.in"},
    "POST contacts/{pk}/consents": {"channel": "email", "source": "They asked"},
    "POST contacts/{pk}/consents/withdraw": {"channel": "email"},
    "POST contacts/{pk}/merge": {"other": "{bare}"},
    "POST contacts/{pk}/unmerge": {},
    "POST addresses/{pk}/retire": {},
    "POST addresses/{pk}/make-primary": {},
    "POST duplicates/{pk}/dismiss": {},
    "POST duplicates/{pk}/reopen": {},
    "POST custom-fields": {"label": "Budget", "noun": "lead", "type": "number"},
    "PATCH custom-fields/{pk}": {"label": "Other"},
    "PATCH tags/{pk}": {"name": "Renamed"},
    "POST tags/{pk}/merge": {"into": "{tag}"},
    "POST leads": {"first_name": "Nia", "email": "lead@new.in"},
    "PATCH leads/{pk}": {"city": "Pune"},
    "POST leads/{pk}/qualify": {},
    "POST leads/{pk}/disqualify": {"reason": "No budget"},
    "POST leads/{pk}/reopen": {},
    "POST leads/{pk}/convert": {},
    "POST leads/{pk}/rescore": {},
    "POST leads/{pk}/reassign": {"owner": "{someone}"},
    "POST deals": {"title": "New", "contact": "{bare}"},
    "PATCH deals/{pk}": {"title": "Better"},
    "POST deals/{pk}/move-stage": {"stage": "{second}"},
    "PUT deals/{pk}/lines": {"lines": [{"item": "{items}", "quantity": "2"}]},
    "POST deals/{pk}/won": {},
    "POST deals/{pk}/lost": {"reason": "Price"},
    "POST deals/{pk}/abandon": {},
    "POST deals/{pk}/reopen": {},
    "POST deals/{pk}/reassign": {"owner": "{someone}"},
    "POST deals/{pk}/snooze": {"until": "{soon}", "reason": "Holidays"},
    "POST deals/{pk}/unsnooze": {},
    "POST deals/{pk}/process": {"playbook": "{playbooks}"},
    "POST deals/{pk}/process/stop": {"playbook": "{playbooks}"},
    "POST deals/{pk}/approval": {"note": "Please"},
    "POST items": {"sku": "N-1", "name": "New", "unit_price": "10", "currency": "INR"},
    "PATCH items/{pk}": {"name": "Better"},
    "POST price-lists": {"name": "Abroad", "currency": "USD"},
    "PATCH price-lists/{pk}": {"name": "Better"},
    "PUT price-lists/{pk}/prices": {"item": "{items}", "unit_price": "12"},
    "POST approvals/{pk}/approve": {},
    "POST approvals/{pk}/reject": {"reason": "Too cheap"},
    "POST activities": {"type": "note", "subject": "Hm", "contact": "{contacts}"},
    "POST activities/log-call": {"outcome": "Spoke", "next": "none", "contact": "{contacts}"},
    "PATCH activities/{pk}": {"subject": "Better"},
    "POST activities/{pk}/complete": {},
    "POST activities/{pk}/reopen": {},
    "POST activities/{pk}/reassign": {"owner": "{someone}"},
    "POST activities/bulk": {"verb": "update", "ids": ["{activities}"], "data": {"due_on": "2030-01-02"}},
    "POST activities/{pk}/cancel": {},
    "PATCH documents/{pk}": {"name": "Better"},
    "POST documents/{pk}/link": {"contact": "{bare}"},
    "POST documents/{pk}/unlink": {"contact": "{contacts}"},
    "POST tickets": {"subject": "Broken", "priority": "high", "contact": "{contacts}"},
    "PATCH tickets/{pk}": {"subject": "Better"},
    "POST tickets/{pk}/assign": {"assignee": None},
    "POST tickets/{pk}/resolve": {"note": "Done"},
    "POST tickets/{pk}/reopen": {},
    "POST tickets/{pk}/wait": {},
    "POST tickets/{pk}/notes": {"body": "Called"},
    "POST tickets/{pk}/reply": {"body": "It works again.", "then": "wait"},
    "POST tickets/bulk": {"verb": "update", "ids": ["{tickets}"], "data": {"priority": "low"}},
    "POST booking-pages": {
        "slug": "new",
        "title": "Meet",
        "lengths": ["30"],
        "buffer_minutes": 0,
        "notice_hours": 4,
        "horizon_days": 30,
    },
    "PATCH booking-pages/{pk}": {"title": "Better"},
    "POST pipelines": {"name": "Partners"},
    "PATCH pipelines/{pk}": {"name": "Better"},
    "PATCH playbooks/{pk}": {"name": "Better"},
    "POST holidays": {"on": "2031-01-01", "name": "New year"},
    "PATCH pipelines/{pk}/stages": {"stages": []},
    "POST pipelines/{pk}/stages": {"name": "Extra", "probability": 10},
    "PATCH stages/{pk}": {"name": "Better"},
    "POST stages/{pk}/place": {"place": 2},
    "POST stages/{pk}/remove": {},
    "POST goals": {"month": "2031-01-15", "figure": "leads", "amount": "40"},
    "POST report-schedules": {"report": "pipeline", "format": "csv", "hour": 9, "recipients": ["{reader}"]},
    "PUT report-schedules/{pk}": {"report": "pipeline", "format": "csv", "hour": 7, "recipients": ["{reader}"]},
    "POST report-schedules/{pk}/switch": {},
    "POST territories": {"name": "West", "cities": ["Pune"], "reps": []},
    "PATCH territories/{pk}": {"name": "Better"},
    "POST routing/publish": {"note": "More"},
    "POST routing/versions/{pk}/restore": {},
    "POST operations/{pk}/undo": {},
    "POST contacts/bulk": {"verb": "update", "ids": ["{contacts}"], "data": {"city": "Goa"}},
    "POST leads/bulk": {"verb": "update", "ids": ["{leads}"], "data": {"city": "Goa"}},
    "POST deals/bulk": {"verb": "abandon", "ids": ["{deals}"]},
    "PATCH imports/{pk}": {"mode": "good"},
    "POST imports/{pk}/start": {},
    "PATCH imports/{pk}/rows": {"rows": {"2": {"Email": "right@new.in"}}},
    "POST /leads": {"business_name": "Cafe", "email": "cafe@new.in", "industry": "Food", "city": "Pune"},
    "POST /views": {"name": "Mine", "page": "contacts"},
    "PATCH /views/{pk}": {"name": "Better"},
}
"""A body for every operation that takes one, as it might succeed; {words} are ids of `make_rows` or of `others`."""


def others(someone: User) -> dict[str, Any]:
    """Write what bodies name beside the row that the address names."""
    second = make_pipeline().stages.order_by("order")[1]
    return {
        "reader": make_person(f"reader{next(_number)}", roles=(VIEWER,)).pk,
        "someone": someone.pk, "bare": make_contact().pk, "second": second.pk,
        "tag": Tag.objects.create(name=f"Into {next(_number)}").pk,
        "soon": str(clock.now().date() + timedelta(days=3)),
    }  # fmt: skip


def body_for(method: str, path: str, ids: dict[str, Any]) -> Any:
    """Return the body of an operation with the ids put in."""
    short = f"{method} {path.removeprefix(f'{HOME}crm/').removeprefix(HOME[:-1])}"
    assert short in BODIES, f"Give BODIES of {__name__} a body for “{short}”."
    return filled(BODIES[short], ids)


def address_of(path: str, ids: dict[str, Any]) -> str:
    """Return the address of the row that a path is about."""
    if "{pk}" not in path:
        return path
    noun = noun_of(path)
    assert noun in ids, f"Let make_rows of {__name__} write a row for {path}."
    return path.replace("{pk}", str(ids[noun]))


def filled(value: Any, ids: dict[str, Any]) -> Any:
    """Return a value with the ids put in."""
    if isinstance(value, dict):
        return {key: filled(one, ids) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, ids) for one in value]
    return ids[value[1:-1]] if isinstance(value, str) and value.startswith("{") else value
