"""What may be said about tickets."""

from typing import Any

from django import forms
from django.core.validators import validate_email
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Workspace
from crm.forms.fields import EditForm, OwnerField
from crm.matching import e164
from crm.models import Contact
from crm.models.ticket import Priority

MOST_MINUTES = 60 * 24 * 90


def words_field(label: Any, **more: Any) -> forms.CharField:
    """Some lines of text."""
    area = forms.Textarea(attrs={"rows": 3})
    return forms.CharField(label=label, max_length=20_000, widget=area, **more)


def minutes_field(label: Any) -> forms.IntegerField:
    """A time of work."""
    return forms.IntegerField(label=label, min_value=1, max_value=MOST_MINUTES)


class UpdateTicketForm(EditForm):
    """What may be corrected on a ticket."""

    subject = forms.CharField(label=_("Subject"), max_length=200)
    body = words_field(_("What is it about"), required=False)
    priority = forms.ChoiceField(label=_("Priority"), choices=Priority.choices)


class CreateTicketForm(forms.Form):
    """A new ticket of a contact, or of whoever has an email address or phone number."""

    requester = forms.CharField(
        label=_("Email or phone of the customer"), max_length=254, required=False,
        error_messages={"required": _("Say who asks: an email address or a phone number.")},
    )  # fmt: skip
    name = forms.CharField(label=_("Name of the customer"), max_length=100, required=False)
    subject = forms.CharField(label=_("Subject"), max_length=200)
    body = words_field(_("What is it about"), required=False)
    priority = forms.ChoiceField(label=_("Priority"), choices=Priority.choices, initial="normal", required=False)
    assignee = OwnerField(label=_("Assignee"))
    contact = forms.ModelChoiceField(Contact.objects.all(), required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["requester"].required = not (self.data or self.initial).get("contact")

    def clean_requester(self) -> str:
        """An address that we can answer to."""
        typed: str = self.cleaned_data["requester"].strip()
        if "@" in typed:
            validate_email(typed)
        elif typed and not e164(typed, Workspace.current().country):
            raise forms.ValidationError(
                gettext("Enter an email address, or a whole phone number such as +91 98765 43210.")
            )
        return typed

    def clean_priority(self) -> str:
        """The usual one for none."""
        return self.cleaned_data["priority"] or Priority.NORMAL.value


class AssignTicketForm(forms.Form):
    """Who looks after it from now on."""

    assignee = OwnerField(label=_("Assignee"))


class NoteForm(forms.Form):
    """Words for the team."""

    body = words_field(_("Note"), error_messages={"required": _("Write something first.")})


class ResolveTicketForm(forms.Form):
    """How it was solved, for the team."""

    note = words_field(_("How was it solved"), required=False)


class UpdateTargetForm(forms.Form):
    """The targets of one priority."""

    response_minutes = minutes_field(_("First answer, in working minutes"))
    resolution_minutes = minutes_field(_("Solution, in working minutes"))
    raises_priority = forms.BooleanField(label=_("Raise the priority when late"), required=False)

    def clean_resolution_minutes(self) -> int:
        """Nothing is solved before it is answered."""
        minutes: int = self.cleaned_data["resolution_minutes"]
        if minutes < self.cleaned_data.get("response_minutes", 0):
            raise forms.ValidationError(gettext("A solution takes at least as long as a first answer."))
        return minutes
