"""Custom fields are defined, changed and dropped; the answers stay on the rows."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from accounts.actor import Actor
from core.actions import action
from core.errors import Invalid, Refused
from core.events import publish
from crm.events import CustomFieldChanged
from crm.forms.custom import CreateCustomFieldForm, UpdateCustomFieldForm
from crm.models import CustomField

MOST = 100  # of one noun: more make no form


@action("custom_field.create", permission="settings:manage", form=CreateCustomFieldForm)
def create_custom_field(
    *,
    actor: Actor,
    noun: str,
    slug: str,
    label: str,
    type: str,  # noqa: A002 - the column's name
    choices: Sequence[str] = (),
    is_required: bool = False,
    order: int | None = None,
) -> CustomField:
    """Ask something new of contacts, leads or deals. Publishes CustomFieldChanged."""
    others = CustomField.objects.filter(noun=noun)
    if others.count() >= MOST:
        raise Refused(_("There are %(most)s fields already. Delete one first.") % {"most": MOST})
    last = others.aggregate(last=Max("order"))["last"] or 0
    row = CustomField(noun=noun, key=slug, type=type)
    try:
        with transaction.atomic():
            return _store(row, actor, label=label, choices=choices, is_required=is_required, order=order or last + 1)
    except IntegrityError:
        raise Refused(_("There is a field “%(slug)s” already.") % {"slug": slug}, code="duplicate") from None


@action("custom_field.update", permission="settings:manage", form=UpdateCustomFieldForm)
def update_custom_field(
    field: CustomField,
    *,
    actor: Actor,
    label: str,
    choices: Sequence[str] = (),
    is_required: bool = False,
    order: int | None = None,
) -> CustomField:
    """Rename, reorder or require a field; its key and type stay. Publishes CustomFieldChanged."""
    place = field.order if order is None else order
    return _store(field, actor, label=label, choices=choices, is_required=is_required, order=place)


@action("custom_field.delete", permission="settings:manage")
def delete_custom_field(field: CustomField, *, actor: Actor) -> None:
    """Ask no more; what was answered stays on the rows. Publishes CustomFieldChanged."""
    happening = CustomFieldChanged(custom_field_id=field.pk, noun=field.noun, key=field.key)
    field.delete()
    publish(happening, actor=actor)


def _store(
    row: CustomField, actor: Actor, *, label: str, choices: Sequence[str], is_required: bool, order: int
) -> CustomField:
    if row.type == CustomField.Type.CHOICE and not choices:
        raise Invalid({"choices": [_("Give at least one choice.")]})
    row.choices = list(choices) if row.type == CustomField.Type.CHOICE else []
    row.label, row.is_required, row.order = label, is_required, order
    row.save()
    publish(CustomFieldChanged(custom_field_id=row.pk, noun=row.noun, key=row.key), actor=actor)
    return row
