"""Everything that happened with a contact, a lead or a deal, as far as the reader may see it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Model, Q
from django.urls import NoReverseMatch, reverse

from accounts.actor import Actor
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
    actor: Actor, subject: Contact | Lead | Deal, *, limit: int = 50, before: datetime | None = None
) -> list[Entry]:
    """Return the newest entries about a contact, lead or deal, each one readable by the actor."""
    contact = subject if isinstance(subject, Contact) else subject.contact
    entries = _events(actor, subject, contact, limit, before)
    entries += _activities(actor, subject, limit, before)
    return sorted(entries, key=lambda entry: (entry.at, entry.id), reverse=True)[:limit]


def _activities(
    actor: Actor, subject: Contact | Lead | Deal, limit: int, before: datetime | None
) -> list[Entry]:
    about: dict[str, Any] = {str(subject._meta.model_name): subject}
    rows = actor.visible("activity:read", Activity.objects.filter(**about)).select_related("actor")
    if before is not None:
        rows = rows.filter(created_at__lt=before)
    return [_activity_entry(row) for row in rows.order_by("-created_at", "-id")[:limit]]


def _activity_entry(row: Activity) -> Entry:
    label = str(Activity.Type(row.type).label)
    says_type = row.type == "note" or row.subject.casefold().startswith(label.casefold())
    is_done_task = row.type == "task" and row.completed_at is not None
    return Entry(
        at=row.created_at,
        kind="activity",
        name=f"activity.{row.type}",
        title=row.subject if says_type else f"{label}: {row.subject}",
        text=row.outcome or row.body,
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


def _events(
    actor: Actor,
    subject: Contact | Lead | Deal,
    contact: Contact,
    limit: int,
    before: datetime | None,
) -> list[Entry]:
    around = [contact.pk, *contact.merges.values_list("old_id", flat=True)]
    rows = Event.objects.filter(contact_id__in=around).exclude(subject_type__in=HIDDEN)
    if before is not None:
        rows = rows.filter(at__lt=before)
    concerns, reads = _concerns(subject), _reader(actor, subject, contact)
    found: list[Entry] = []
    for event in _in_batches(rows):
        if concerns(event) and reads(event) and (entry := _event_entry(event)):
            found.append(entry)
            if len(found) == limit:
                break
    return found


def _in_batches(rows: Any) -> Iterator[Event]:
    last: int | None = None
    for _ in range(MOST_BATCHES):
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
            event.data.get("lead_id") in {None, subject.pk}
            and event.data.get("deal_id") in {None, deal_id}
        )
    lead_id = subject.lead_id
    return lambda event: (
        event.data.get("deal_id") == subject.pk
        or (lead_id is not None and event.data.get("lead_id") == lead_id)
    )


def _reader(
    actor: Actor, subject: Contact | Lead | Deal, contact: Contact
) -> Callable[[Event], bool]:
    leads: dict[int, Model]
    deals: dict[int, Model]
    if isinstance(subject, Deal):
        leads = {subject.lead.pk: subject.lead} if subject.lead else {}
        deals = {subject.pk: subject}
    else:
        leads = {row.pk: row for row in Lead.objects.filter(contact=contact)}
        own = Deal.objects.filter(Q(contact=contact)).select_related("lead")
        deals = {row.pk: row for row in own}

    def reads(event: Event) -> bool:
        permission = PERMISSIONS.get(event.subject_type, "audit:read")
        if event.subject_type in {"contact", "consent"}:
            return bool(actor.can(permission, contact))
        anchor = deals.get(event.data.get("deal_id") or 0) or leads.get(
            event.data.get("lead_id") or 0
        )
        if event.subject_type == "lead":
            anchor = leads.get(event.subject_id or 0)
        return bool(actor.can(permission, anchor or contact))

    return reads


def _event_entry(event: Event) -> Entry | None:
    said = words(event.name, event.data)
    if said is None:
        return None
    machine = event.actor_kind in {"agent", "workflow"}
    return Entry(
        at=event.at,
        kind="event",
        name=event.name,
        title=said.title,
        text=said.text,
        who=event.actor_name,
        icon=said.icon,
        tone="ai" if machine else said.tone,
        url=_link(said.url_name, event.subject_id) if said.url_name else "",
        id=event.pk,
    )


def _link(name: str, pk: int | None) -> str:
    try:
        return reverse(name, args=[pk])
    except NoReverseMatch:
        return ""
