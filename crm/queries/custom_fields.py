"""Reading custom fields and their values."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from crm.models import CustomField
from crm.queries.filters import one


@dataclass(frozen=True, slots=True)
class Answer:
    """One value as a page shows it; `url` when it is a link."""

    label: str
    text: str
    url: str = ""


def fields_of(noun: str) -> list[CustomField]:
    """Return the custom fields of contacts, leads or deals, in their order."""
    return list(CustomField.objects.filter(noun=noun).order_by("order", "id"))


def custom_fields_for(actor: Actor) -> QuerySet[CustomField]:
    """Return all definitions that the actor may see, by noun and order."""
    return actor.visible("contact:read", CustomField.objects.all())


def custom_field_for(actor: Actor, pk: int) -> CustomField:
    """Return one definition; raises NotFound."""
    return one(custom_fields_for(actor), pk, _("There is no such field. It may have been deleted."))


def answers(row: Any) -> list[Answer]:
    """Return what a contact, lead or deal answers: defined fields first, then what imports brought along."""
    defined = fields_of(row._meta.model_name)
    held = dict(row.custom)
    found = []
    for field in defined:
        value = held.pop(field.key, None)
        is_link = field.type == CustomField.Type.URL and str(value).startswith(("http://", "https://"))
        found.append(Answer(field.label, field.shown(value), str(value) if is_link else ""))
    loose = [Answer(key.replace("_", " ").capitalize(), str(value)) for key, value in held.items()]
    return found + [answer for answer in loose if answer.text not in ("", "None")]
