"""Everything that happened with a contact, a lead or a deal, as far as the reader may see it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final

from django.db.models import Model
from django.urls import NoReverseMatch
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.links import route
from core.models import Event
from crm.models import Activity, Contact, Deal, Lead
from crm.queries.timeline_words import words

BATCH = 200
MOST_BATCHES = 5

# What a reader must hold to see the happenings of a noun; other nouns are for those who read the audit.
PERMISSIONS: Final = {
    "contact": "contact:read",
    "consent": "contact:read",
    "lead": "lead:read",
    "deal": "deal:read",
    "approval": "deal:read",
    "process": "deal:read",
    "ticket": "ticket:read",
    "message": "conversation:read",
    "reply": "conversation:read",
    "conversation": "conversation:read",
    "suggestion": "conversation:read",
    "proposal": "proposal:read",
    "payment": "payment:read",
    "refund": "payment:read",
    "invoice": "invoice:read",
}
# Activities are shown from their rows; the rest is noise beside the entry that it leads to.
HIDDEN: Final = ("activity", "notification", "hook", "import", "importrun")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a timeline."""

    at: datetime
    kind: str
    name: str
    title: str
    text: str
    who: str
    icon: str
    tone: str
    url: str
    id: int

    def as_json(self) -> dict[str, Any]:
        """Return the entry for REST."""
        names = ("at", "kind", "name", "title", "text", "who", "url", "id")
        return {name: getattr(self, name) for name in names}


def timeline(
    actor: Actor,
    subject: Contact | Lead | Deal,
    *,
    limit: int = 50,
    before: datetime | None = None,
    known: Iterable[Lead | Deal] = (),
    activities: Iterable[Activity] | None = None,
) -> list[Entry]:
    """Return the newest entries about a contact, lead or deal, each one readable by the actor.

    `known` are leads and deals of the contact that the caller has at hand, `activities` the newest that the actor may
    see: they are not read again.
    """
    contact = subject if isinstance(subject, Contact) else subject.contact
    events = _newest(subject, contact, before)
    entries = list(islice(_readable(actor, subject, contact, events, known), limit))
    entries += map(_activity_entry, _activities(actor, subject, limit, before) if activities is None else activities)
    entries += _import(subject, before)
    return sorted(entries, key=lambda entry: (entry.at, entry.id), reverse=True)[:limit]


def _import(subject: Contact | Lead | Deal, before: datetime | None) -> list[Entry]:
    """Where an imported record came from; a million rows have no event each."""
    run = subject.import_run if subject.import_run_id else None
    at = run.started_at if run is not None else None
    if run is None or at is None or (before is not None and at >= before):
        return []
    return [
        Entry(
            at=at,
            kind="event",
            name="importrun.wrote",
            title=_("Imported from %(file_name)s") % {"file_name": run.file_name},
            text="",
            who=str(run.created_by or ""),
            icon="put",
            tone="",
            url="",
            id=run.pk,
        )
    ]


def _activities(actor: Actor, subject: Contact | Lead | Deal, limit: int, before: datetime | None) -> Any:
    about: dict[str, Any] = {str(subject._meta.model_name): subject}
    rows = actor.visible("activity:read", Activity.objects.filter(**about)).select_related("actor")
    if before is not None:
        rows = rows.filter(created_at__lt=before)
    return rows.order_by("-created_at", "-id")[:limit]


def _activity_entry(row: Activity) -> Entry:
    label = str(Activity.Type(row.type).label)
    says_type = row.type == "note" or row.subject.casefold().startswith(label.casefold())
    is_done_task = row.type == "task" and row.completed_at is not None
    return Entry(
        at=row.created_at,
        kind="activity",
        name=f"activity.{row.type}",
        title=row.subject if says_type else f"{label}: {row.subject}",
        text=_(row.outcome) if row.outcome else row.body,
        who=str(row.actor) if row.actor else "",
        icon=ICONS_OF_TYPES.get(row.type, "note"),
        tone="good" if is_done_task else "",
        url=_link("crm:activity-edit", row.pk),
        id=row.pk,
    )


ICONS_OF_TYPES: Final = {
    "call": "call",
    "email": "mail",
    "meeting": "cal",
    "note": "note",
    "task": "check",
    "demo": "laptop",
}


def _newest(subject: Contact | Lead | Deal, contact: Contact, before: datetime | None) -> Iterator[Event]:
    merged = getattr(contact, "is_survivor", True)
    around = [contact.pk, *(contact.merges.values_list("old_id", flat=True) if merged else ())]
    rows = Event.objects.filter(contact_id__in=around).exclude(subject_type__in=HIDDEN)
    if before is not None:
        rows = rows.filter(at__lt=before)
    return filter(_concerns(subject), _in_batches(rows))


def _in_batches(rows: Any) -> Iterator[Event]:
    last: int | None = None
    for _batch in range(MOST_BATCHES):
        page = rows.filter(id__lt=last) if last is not None else rows
        events = list(page.order_by("-id")[:BATCH])
        yield from events
        if len(events) < BATCH:
            return
        last = events[-1].pk


def _concerns(subject: Contact | Lead | Deal) -> Callable[[Event], bool]:
    if isinstance(subject, Contact):
        return lambda event: True
    if isinstance(subject, Lead):
        deal_id = subject.converted_deal_id
        return lambda event: (
            event.data.get("lead_id") in {None, subject.pk} and event.data.get("deal_id") in {None, deal_id}
        )
    lead_id = subject.lead_id
    return lambda event: (
        event.data.get("deal_id") == subject.pk or (lead_id is not None and event.data.get("lead_id") == lead_id)
    )


def _readable(
    actor: Actor,
    subject: Contact | Lead | Deal,
    contact: Contact,
    events: Iterable[Event],
    known: Iterable[Lead | Deal],
) -> Iterator[Entry]:
    held = {(row._meta.model_name, row.pk): row for row in (*known, *_own(subject))}
    is_whole = not isinstance(subject, Contact)

    def anchor(noun: str, pk: int | None) -> Model | None:
        nonlocal is_whole
        if pk and (noun, pk) not in held and not is_whole:
            is_whole = True
            for rows in (contact.leads.all(), contact.deals.select_related("lead")):
                held.update({(row._meta.model_name, row.pk): row for row in rows})
        return held.get((noun, pk))

    def reads(event: Event) -> bool:
        noun = _end_of(event.data) if event.subject_type == "document" else event.subject_type
        permission = PERMISSIONS.get(noun, "audit:read")
        if actor.sees_all(permission):
            return True
        if event.subject_type in {"contact", "consent"}:
            return bool(actor.can(permission, contact))
        if event.subject_type == "lead":
            found = anchor("lead", event.subject_id)
        else:
            data = event.data
            found = anchor("deal", data.get("deal_id")) or anchor("lead", data.get("lead_id"))
        return bool(actor.can(permission, found or contact))

    return (entry for event in events if reads(event) and (entry := _event_entry(event)))


def _end_of(data: dict[str, Any]) -> str:
    """The kind of record that a document hangs on: whoever reads that may see what happens to it."""
    return next((noun for noun in ("ticket", "deal", "lead") if data.get(f"{noun}_id")), "contact")


def _own(subject: Contact | Lead | Deal) -> list[Any]:
    """The lead and the deal about which everything is that concerns one of them."""
    if isinstance(subject, Contact):
        return []
    other = subject.lead if isinstance(subject, Deal) else subject.converted_deal
    return [subject, other] if other else [subject]


def _event_entry(event: Event) -> Entry | None:
    said = words(event.name, event.data)
    if said is None:
        return None
    machine = event.actor_kind in {"agent", "workflow"}
    return Entry(
        at=event.at,
        kind="event",
        name=event.name,
        title=str(said.title),
        text=said.text,
        who=event.actor_name,
        icon=said.icon,
        tone="ai" if machine else said.tone,
        url=_link(said.url_name, event.subject_id) if said.url_name else "",
        id=event.pk,
    )


def _link(name: str, pk: int | None) -> str:
    try:
        return route(name, pk) if pk else ""
    except NoReverseMatch:
        return ""
