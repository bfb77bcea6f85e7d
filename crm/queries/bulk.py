"""What may be done with many rows at once: the verbs of single rows, by noun and by what the actor holds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Model, QuerySet

from accounts.actor import Actor
from core.actions import CATALOGUE, ActionSpec
from core.lists import SPECS, matching
from crm.models import Approval, Contact, ContactAddress, Deal, DealLine, Lead, Tag
from crm.queries.contacts import contacts_for
from crm.queries.deals import deals_for
from crm.queries.leads import leads_for


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


NOUNS: Final[dict[str, Noun]] = {
    "contacts": Noun(
        "contact",
        contacts_for,
        ((Contact, "pk"), (ContactAddress, "contact"), (Contact.tags.through, "contact")),
        frozenset({"kind", "first_name", "last_name", "email", "phone", "tags"}),
    ),
    "leads": Noun(
        "lead",
        leads_for,
        ((Lead, "pk"), (Contact, "leads")),
        frozenset({"title", "estimated_value", "currency"}),
    ),
    "deals": Noun(
        "deal",
        deals_for,
        ((Deal, "pk"), (DealLine, "deal"), (Approval, "deal")),
        frozenset({"title", "value", "currency", "stage"}),
    ),
}
VERBS: Final[dict[str, tuple[Verb, ...]]] = {
    "contacts": (
        Verb("reassign", "Assign", "users", "contact.reassign", "Assigned"),
        Verb("tag", "Tag", "tag", "contact.tag", "Tagged"),
        Verb("update", "Edit", "note", "contact.update", "Edited"),
        Verb("delete", "Delete", "x", "contact.delete", "Deleted"),
    ),
    "leads": (
        Verb("reassign", "Assign", "users", "lead.reassign", "Assigned"),
        Verb("update", "Edit", "note", "lead.update", "Edited"),
        Verb("disqualify", "Disqualify", "flag", "lead.disqualify", "Disqualified"),
        Verb("reopen", "Reopen", "undo", "lead.reopen", "Reopened"),
        Verb("delete", "Delete", "x", "lead.delete", "Deleted"),
    ),
    "deals": (
        Verb("reassign", "Assign", "users", "deal.reassign", "Assigned"),
        Verb("move", "Move", "right", "deal.move", "Moved"),
        Verb("update", "Edit", "note", "deal.update", "Edited"),
        Verb("lose", "Mark lost", "flag", "deal.lose", "Lost"),
        Verb("abandon", "Abandon", "pause", "deal.abandon", "Abandoned"),
        Verb("delete", "Delete", "x", "deal.delete", "Deleted"),
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
    watched = [
        model._base_manager.filter(**{f"{path}__in": ids}) for model, path in NOUNS[noun].traces
    ]
    return [*watched, Tag.objects.all()] if noun == "contacts" else watched
