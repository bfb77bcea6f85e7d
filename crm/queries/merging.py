"""What a merge would do: which fields differ, what moves along, and what somebody should know before."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.db.models import Field, ForeignKey, Model, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.actor import Actor
from crm.models import Channel, Contact, ContactMerge, DuplicatePair, Lead
from crm.queries.consent import consent_of, statements
from crm.queries.custom_fields import fields_of
from crm.queries.filters import one

FIELDS: Final = (
    "kind", "first_name", "last_name", "company_name", "company", "job_title", "email", "phone", "industry", "city",
    "country", "owner", "price_list", "language", "timezone",
)  # fmt: skip
CUSTOM: Final = "custom:"
STAGES: Final = ("prospect", "qualified", "churned", "customer")  # the later one wins


@dataclass(frozen=True, slots=True)
class Choice:
    """A field in which the two differ, what each says, and which of them is proposed."""

    name: str
    label: str
    this: str
    other: str
    takes_other: bool


def pointers_to(model: type[Model]) -> Iterator[tuple[type[Model], ForeignKey[Any, Any]]]:
    """Yield (model, column) of every foreign key of any app that leads to `model`, link tables included."""
    for relation in model._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete and not relation.many_to_many:
            related: Any = relation.related_model
            if not getattr(related, "is_derived", False) and related is not DuplicatePair:
                yield related, relation.field  # type: ignore[attr-defined,union-attr]


def choices_of(contact: Contact, other: Contact) -> list[Choice]:
    """Return the fields in which two contacts differ; what this one lacks is proposed from the other."""
    found = []
    for name in FIELDS:
        field: Field[Any, Any] = Contact._meta.get_field(name)  # type: ignore[assignment]
        mine, theirs = (_shown(row, name) for row in (contact, other))
        if mine != theirs:
            found.append(Choice(name, _label(field), mine, theirs, not mine))
    for one_ in fields_of("contact"):
        mine, theirs = (one_.shown(row.custom.get(one_.key)) for row in (contact, other))
        if mine != theirs:
            found.append(Choice(CUSTOM + one_.key, one_.label, mine, theirs, not mine))
    return found


def usual_choice(contact: Contact, other: Contact) -> list[str]:
    """Return the fields that a merge takes from the other one when nobody chooses: those that this one lacks."""
    return [choice.name for choice in choices_of(contact, other) if choice.takes_other]


def moving(other: Contact) -> list[str]:
    """Return how many rows of which kind a merge would move, in words."""
    said = []
    for model, column in pointers_to(Contact):
        count = model._base_manager.filter(**{column.name: other}).count()
        names = model._meta.verbose_name, model._meta.verbose_name_plural
        one_, many = ("tag", "tags") if model is Contact.tags.through else names
        if count:
            said.append(f"{count} {_(str(one_ if count == 1 else many))}")
    return said


def warnings(contact: Contact, other: Contact) -> list[str]:
    """Return what somebody should know before merging these two."""
    said = []
    leads = [Lead.objects.filter(contact=row).open().count() for row in (contact, other)]
    if all(leads):
        said.append(_("Both have an open lead. Both leads stay open; what comes in next joins the newer one."))
    if contact.owner_id and other.owner_id and contact.owner_id != other.owner_id:
        said.append(_("%(owner)s owns the other one, and keeps its leads and deals.") % {"owner": other.owner})
    if contact.kind != other.kind:
        said.append(_("One is a person, the other a business."))
    refused = [_("%(row)s asked not to be contacted") % {"row": row} for row in (contact, other) if row.do_not_contact]
    channels = sorted(withdrawn(contact) | withdrawn(other))
    refused += [_("One of them withdrew consent for %(label)s") % {"label": Channel(name).label} for name in channels]
    return said + [_("%(words)s. That will hold for both.") % {"words": words} for words in refused]


def withdrawn(contact: Contact) -> set[str]:
    """Return the channels on which the contact's last word was no."""
    found = set()
    for channel in Channel.values:
        main = contact.email_folded if channel == Channel.EMAIL else contact.phone_e164
        if consent_of(statements(contact, channel), main or "")[1]:
            found.add(channel)
    return found


def merges_for(actor: Actor, permission: str = "contact:read") -> QuerySet[ContactMerge]:
    """Return the merges into contacts that the actor may see."""
    ids = actor.visible(permission, Contact.objects.all()).values("pk")
    return ContactMerge.objects.filter(contact__in=ids).select_related("contact", "operation")


def merge_of(actor: Actor, old_id: int) -> ContactMerge:
    """Return the merge in which this id went away; raises NotFound."""
    found = merges_for(actor).filter(old_id=old_id).values_list("pk", flat=True).first()
    return one(merges_for(actor), found or 0, _("No contact of this id was merged."))


def share_models() -> list[Any]:
    """Return the models that point to rows by content type and key, such as record shares."""
    named = {"content_type", "object_pk"}
    return [m for m in apps.get_models() if named <= {f.name for f in m._meta.fields}]


def clashes(model: type[Model], column: str) -> list[tuple[tuple[str, ...], Q]]:
    """Return the sets of columns that must be unique together with `column`, each with its condition."""
    found = [((column,), Q())] if model._meta.get_field(column).unique else []  # type: ignore[union-attr]
    found += [
        (tuple(rule.fields), rule.condition or Q())
        for rule in model._meta.constraints
        if column in getattr(rule, "fields", ())
    ]
    return found + [(tuple(names), Q()) for names in model._meta.unique_together if column in names]


def _label(field: Any) -> str:
    return str(field.verbose_name).partition(" (")[0].replace("_", " ").capitalize()


def _shown(row: Contact, name: str) -> str:
    if name == "kind":
        return str(row.get_kind_display())
    value = getattr(row, name)
    return "" if value is None else str(value)
