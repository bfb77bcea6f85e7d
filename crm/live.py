"""Live channels: who may open which, and which happening reaches whom, by the same rules as pages and REST.

`lead:5`, `deal:5`, `ticket:5` and `contact:5` carry what happens around one record; `leads`, `deals`, `contacts`,
`tickets` and `tasks` what happens to the rows of a list; `org:main:crm:pipeline`, `org:main:crm:rep:<person>` and
`org:main:crm:support` are the channels of the specification, for programs.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db.models import Model
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.permissions import facts_of
from accounts.queries.passes import CHANGED, Pass, pass_of, renew
from accounts.roles import OWN
from core.errors import Denied, NotFound
from core.models import Event
from core.numbers import is_number
from core.stream import Line
from crm.models import Activity, Contact, Deal, Lead, Ticket
from crm.queries.contacts import contact_for
from crm.queries.deals import deal_for
from crm.queries.leads import lead_for
from crm.queries.tickets import ticket_for
from crm.queries.timeline import PERMISSIONS

ORG: Final = "main"
MODELS: Final[dict[str, type[Model]]] = {
    "lead": Lead, "deal": Deal, "contact": Contact, "activity": Activity,
    "ticket": Ticket,
}  # fmt: skip
FINDERS: Final[dict[str, Callable[..., Any]]] = {
    "lead": lead_for, "deal": deal_for, "contact": contact_for, "ticket": ticket_for,
}  # fmt: skip
LISTS: Final = {
    "leads": "lead", "deals": "deal", "contacts": "contact", "tasks": "activity",
    "tickets": "ticket",
}  # fmt: skip
IDS: Final = ("contact_id", "lead_id", "deal_id", "activity_id", "ticket_id")
STANDING: Final = ("user", "team", "grant", "record", "workspace", "key")
RENEW_SECONDS: Final = 1.0
BY_ROLE: Final = _("Only managers and administrators follow the whole pipeline.")
NOT_YOURS: Final = _("This channel is another person's. Follow your own.")


@dataclass(frozen=True, slots=True)
class Channel:
    """What one line is about: a record, the rows of a list, or one of the specified channels."""

    name: str
    nouns: tuple[str, ...] = ()
    contact_id: int | None = None
    record: tuple[str, int] | None = None
    own: bool = False

    def carries(self, event: Event, subject: Model | None, reader: Actor) -> bool:
        """Return whether a happening belongs on the channel, whoever may know of it."""
        if self.record:
            return event.contact_id == self.contact_id
        if self.own:
            facts = facts_of(reader.user) if reader.user else None
            is_own = facts is not None and subject is not None and OWN.matches(facts, subject)
            return event.subject_type in self.nouns and is_own
        if event.subject_type in self.nouns:
            return True
        lists = self.name in LISTS  # a list shows a row anew when something happens on it, too
        return lists and event.data.get(f"{self.nouns[0]}_id") is not None

    def is_swept(self, event: Event) -> bool:
        """Return whether a happening names many rows at once (ids, or their ranges), some of them on this channel."""
        if not self.record:
            return any(event.data.get(f"{noun}_ids") for noun in self.nouns)
        pk = self.contact_id or 0
        ids = event.data.get("contact_ids") or ()
        return any(one[0] <= pk <= one[-1] if isinstance(one, list) else one == pk for one in ids)


class Listener(Line):
    """One reader on one channel."""

    def __init__(self, guest: Pass, channel: Channel) -> None:
        super().__init__()
        self.guest, self.channel = guest, channel
        self.renewed = 0.0

    @classmethod
    def hear(cls, lines: Sequence[Line], events: Sequence[Event]) -> None:
        """Ask again who may listen, then pass each happening to those who may see its subject."""
        listeners = [line for line in lines if isinstance(line, Listener)]
        keep_up(listeners, at_once=any(event.subject_type in STANDING for event in events))
        if not events:
            return
        rows = subjects(events)
        for event in events:
            subject, anchor = _row(rows, event), _anchor(rows, event)
            permission = PERMISSIONS.get(event.subject_type, "")
            permission = "activity:read" if event.subject_type == "activity" else permission
            for line in listeners:
                line.pass_on(event, subject, anchor, permission)

    def pass_on(self, event: Event, subject: Model | None, anchor: Model | None, permission: str) -> None:
        """Say what happened when the reader may see its subject, "refresh" when their own view changed."""
        if self.guest.ended:
            return
        reader = self.guest.actor
        if _concerns(event, reader.user_id) or self.channel.is_swept(event):
            self.say("refresh", event.pk)
        elif not permission or anchor is None:
            return  # of no noun that people read
        elif self.channel.carries(event, subject, reader) and reader.can(permission, anchor):
            self.say("change", event.pk, **message(event, subject))


def open_line(request: Any, name: str) -> Listener:
    """Return the line that a request may listen on; raises NotFound or Denied as the record's page would."""
    return Listener(pass_of(request), channel_for(request.actor, name))


def channel_for(actor: Actor, name: str) -> Channel:
    """Return the channel of this name, when the actor may open it."""
    if name in LISTS:
        actor.require(f"{LISTS[name]}:read")
        return Channel(name, (LISTS[name],))
    noun, _, key = name.partition(":")
    if noun in FINDERS and is_number(key):
        actor.require(f"{noun}:read")
        row = FINDERS[noun](actor, int(key))
        contact_id = row.pk if noun == "contact" else row.contact_id
        return Channel(name, contact_id=contact_id, record=(noun, row.pk))
    org, _, rest = key.partition(":crm:")
    if (noun, org) != ("org", ORG):
        raise NotFound(gettext("There is no such channel."))
    return _specified(actor, name, rest)


def channels_of(actor: Actor) -> list[str]:
    """Return the names of the channels that are not about one record, as far as the actor may open them."""
    names = (*LISTS, *(f"org:{ORG}:crm:{rest}" for rest in ("pipeline", f"rep:{actor.user_id}", "support")))
    found = []
    for name in names:
        try:
            channel_for(actor, name)
        except (Denied, NotFound):
            continue
        found.append(name)
    return found


def _specified(actor: Actor, name: str, rest: str) -> Channel:
    if rest == "pipeline":
        actor.require("deal:read")
        if actor.user is None or not Actor.for_user(actor.user).can("deal:reassign"):
            raise Denied(BY_ROLE)
        return Channel(name, ("deal", "lead"))
    if rest == "support":
        actor.require("ticket:read")
        return Channel(name, ("ticket",))
    kind, _, person = rest.partition(":")
    if kind != "rep" or not is_number(person):
        raise NotFound(gettext("There is no such channel."))
    if int(person) != actor.user_id:
        raise Denied(NOT_YOURS)
    if not actor.can("activity:read"):
        actor.require("deal:read")
    return Channel(name, ("deal", "activity"), own=True)


def keep_up(listeners: Sequence[Listener], *, at_once: bool = False) -> None:
    """End the lines whose readers may listen no more: signed out, other roles, the record lost to them."""
    now = time.monotonic()
    due = [line for line in listeners if at_once or now - line.renewed >= RENEW_SECONDS]
    renew([line.guest for line in due])
    wanted: dict[str, set[int]] = {}
    for line in due:
        line.renewed = now
        if line.channel.record:
            noun, pk = line.channel.record
            wanted.setdefault(noun, set()).add(pk)
    rows = {noun: MODELS[noun]._default_manager.in_bulk(pks) for noun, pks in wanted.items()}
    for line in due:
        if line.channel.record and not line.guest.ended:
            noun, pk = line.channel.record
            row = rows[noun].get(pk)
            if row is None or not line.guest.actor.can(f"{noun}:read", row):
                line.guest.ended = CHANGED
            elif noun != "contact":  # a merge gives it to another contact
                line.channel = replace(line.channel, contact_id=getattr(row, "contact_id", None))
        if line.guest.ended:
            line.end(line.guest.ended)


def subjects(events: Iterable[Event]) -> dict[str, Mapping[int, Model]]:
    """Return the rows that these events name, one query for each noun."""
    wanted: dict[str, set[int]] = {noun: set() for noun in MODELS}
    for event in events:
        for noun, pks in wanted.items():
            pk = event.subject_id if event.subject_type == noun else event.data.get(f"{noun}_id")
            pk = event.contact_id if noun == "contact" else pk
            if isinstance(pk, int):
                pks.add(pk)
    found: dict[str, Mapping[int, Model]] = {}
    for noun, pks in wanted.items():
        related = ("lead", "deal") if noun == "activity" else ()
        rows = MODELS[noun]._default_manager.select_related(*related) if related else None
        found[noun] = (rows or MODELS[noun]._default_manager).in_bulk(pks) if pks else {}
    return found


def message(event: Event, subject: Model | None) -> dict[str, Any]:
    """Return what a message says: the happening's name and ids, nothing of the record itself."""
    name = event.name
    if isinstance(subject, Activity) and subject.type == Activity.Type.TASK:
        name = name.replace("activity.", "task.")
    ids = {key: event.data[key] for key in IDS if event.data.get(key) is not None}
    return {"event": name, "noun": event.subject_type, "id": event.subject_id, **ids}


def _row(rows: Mapping[str, Mapping[int, Model]], event: Event) -> Model | None:
    return rows.get(event.subject_type, {}).get(event.subject_id or 0)


def _anchor(rows: Mapping[str, Mapping[int, Model]], event: Event) -> Model | None:
    """The row by whose owner a reader is judged: the subject, else its deal, its lead, its contact.

    Of a row that is gone only those hear who see every row of its kind.
    """
    model = MODELS.get(event.subject_type)
    if model is not None:
        return _row(rows, event) or model(pk=event.subject_id)
    for noun in ("deal", "lead"):
        if found := rows[noun].get(event.data.get(f"{noun}_id") or 0):
            return found
    return rows["contact"].get(event.contact_id or 0)


def _concerns(event: Event, person: int | None) -> bool:
    """Whether this changed what the person themselves sees in lists: a share, or a row given away."""
    if event.subject_type == "record":
        return event.data.get("user_id") in {None, person}
    return event.name.endswith(".assigned") and event.data.get("previous_owner_id") == person
