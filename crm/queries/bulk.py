"""What may be done with many rows at once: the verbs of single rows, by noun and by what the actor holds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from core.actions import CATALOGUE, ActionSpec
from core.lists import SPECS, matching
from crm.models import Activity, Approval, Contact, ContactAddress, Deal, DealLine, Lead, Tag, Ticket, TicketNote
from crm.queries.activities import activities_for
from crm.queries.contacts import contacts_for
from crm.queries.deals import deals_for
from crm.queries.leads import leads_for
from crm.queries.tickets import tickets_for


@dataclass(frozen=True)
class Verb:
    """One thing that can be done with many rows: the action of a single one, and the words around it."""

    key: str
    label: str
    icon: str
    action: str
    done: str

    @property
    def spec(self) -> ActionSpec:
        """The action of a single row."""
        return CATALOGUE[self.action]


@dataclass(frozen=True)
class Noun:
    """Rows that are changed together, and the tables where an action on one may leave traces (model, path to it)."""

    one: str
    rows: Callable[[Actor], QuerySet[Any]]
    traces: tuple[tuple[type[Model], str], ...]
    # What is a matter of the single row: never the same for many.
    single: frozenset[str]

    @property
    def action(self) -> str:
        """The action that changes many of them."""
        return f"{self.traces[0][0]._meta.model_name}.bulk"


NOUNS: Final[dict[str, Noun]] = {
    "contacts": Noun(
        "contact",
        contacts_for,
        ((Contact, "pk"), (ContactAddress, "contact"), (Contact.tags.through, "contact")),
        frozenset({"kind", "first_name", "last_name", "email", "phone", "tags"}),
    ),
    "leads": Noun(
        "lead", leads_for, ((Lead, "pk"), (Contact, "leads")), frozenset({"title", "estimated_value", "currency"})
    ),
    "deals": Noun(
        "deal",
        deals_for,
        ((Deal, "pk"), (DealLine, "deal"), (Approval, "deal")),
        frozenset({"title", "value", "currency", "stage"}),
    ),
    "tasks": Noun(
        "task",
        activities_for,
        ((Activity, "pk"), (Contact, "activities"), (Deal, "activities")),
        frozenset({"subject", "ends_at", "place", "guests", "body", "outcome"}),
    ),
    "tickets": Noun("ticket", tickets_for, ((Ticket, "pk"), (TicketNote, "ticket")), frozenset({"subject", "body"})),
}
VERBS: Final[dict[str, tuple[Verb, ...]]] = {
    "contacts": (
        Verb("reassign", _("Assign"), "users", "contact.reassign", "Assigned"),
        Verb("tag", _("Tag"), "tag", "contact.tag", "Tagged"),
        Verb("update", _("Edit"), "note", "contact.update", "Edited"),
        Verb("delete", _("Delete"), "x", "contact.delete", "Deleted"),
    ),
    "leads": (
        Verb("reassign", _("Assign"), "users", "lead.reassign", "Assigned"),
        Verb("update", _("Edit"), "note", "lead.update", "Edited"),
        Verb("disqualify", _("Disqualify"), "flag", "lead.disqualify", "Disqualified"),
        Verb("reopen", _("Reopen"), "undo", "lead.reopen", "Reopened"),
        Verb("delete", _("Delete"), "x", "lead.delete", "Deleted"),
    ),
    "deals": (
        Verb("reassign", _("Assign"), "users", "deal.reassign", "Assigned"),
        Verb("move", _("Move"), "right", "deal.move", "Moved"),
        Verb("update", _("Edit"), "note", "deal.update", "Edited"),
        Verb("lose", _("Mark lost"), "flag", "deal.lose", "Lost"),
        Verb("abandon", _("Abandon"), "pause", "deal.abandon", "Abandoned"),
        Verb("delete", _("Delete"), "x", "deal.delete", "Deleted"),
    ),
    "tasks": (
        Verb("complete", _("Done"), "check", "activity.complete", "Completed"),
        Verb("reassign", _("Assign"), "users", "activity.reassign", "Assigned"),
        Verb("update", _("Reschedule"), "cal", "activity.update", "Rescheduled"),
        Verb("delete", _("Delete"), "x", "activity.delete", "Deleted"),
    ),
    "tickets": (
        Verb("assign", _("Assign"), "users", "ticket.assign", "Assigned"),
        Verb("resolve", _("Resolve"), "check", "ticket.resolve", "Resolved"),
        Verb("update", _("Edit"), "note", "ticket.update", "Edited"),
        Verb("reopen", _("Reopen"), "undo", "ticket.reopen", "Reopened"),
    ),
}


def verbs_for(actor: Actor, noun: str) -> list[tuple[str, str, str, bool]]:
    """Return (verb, label, icon, asks) of what the actor's roles allow for some row."""
    return [
        (verb.key, verb.label, verb.icon, bool(verb.spec.form and verb.spec.form.base_fields))  # type: ignore[attr-defined]
        for verb in VERBS.get(noun, ())
        if actor.can(verb.spec.permission or "")
    ]


def verb_of(noun: str, key: str) -> Verb | None:
    """Return a verb by its key, None for one that there is not."""
    return next((verb for verb in VERBS.get(noun, ()) if verb.key == key), None)


def chosen(actor: Actor, noun: str, ids: list[int] | None, query: str) -> QuerySet[Any]:
    """Return the rows that a selection means: those ticked, or all that the list's address asks for."""
    if ids is None:
        return matching(SPECS[noun], actor, query)
    return NOUNS[noun].rows(actor).filter(pk__in=ids)


def traces(noun: str, ids: list[int]) -> list[QuerySet[Any]]:
    """Return all rows that an action on these may change."""
    watched = [model._base_manager.filter(**{f"{path}__in": ids}) for model, path in NOUNS[noun].traces]
    return [*watched, Tag.objects.all()] if noun == "contacts" else watched
