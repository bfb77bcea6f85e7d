"""The settings page of custom fields."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.doors import door
from core.pages import page
from crm.models import CustomField
from crm.queries.custom_fields import custom_field_for, custom_fields_for
from crm.sheets import BOTH, ask, sheet

HOME = "crm:custom-field-list"


@door("settings:manage")
def list_(request: HttpRequest) -> HttpResponse:
    """What is asked of contacts, leads and deals beyond the usual."""
    rows = list(custom_fields_for(request.actor))
    groups = [(noun, label, [row for row in rows if row.noun == noun]) for noun, label in CustomField.Noun.choices]
    return page(request, "crm/custom_fields/list.html", {"groups": groups})


@door("settings:manage", BOTH)
def new(request: HttpRequest) -> HttpResponse:
    """A new field, about the noun that the address names."""
    return ask(
        request,
        "custom_field.create",
        to=reverse(HOME),
        title=gettext("New field"),
        submit=gettext("Add field"),
        message=gettext("Field added."),
        initial={"noun": request.GET.get("noun", "")},
    )


edit = sheet(
    "custom_field.update",
    custom_field_for,
    title="{.label}",
    submit=_("Save field"),
    message=_("Field saved."),
    goes=HOME,
    back=HOME,
)
delete = sheet(
    "custom_field.delete",
    custom_field_for,
    title=_("Delete {.label}?"),
    submit=_("Delete"),
    intro=_("Nobody is asked any more. What was answered stays on the records."),
    message=_("Field deleted."),
    goes=HOME,
    back=HOME,
    danger=True,
)
