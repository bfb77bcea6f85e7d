"""Inputs of messages."""

from typing import ClassVar

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from outreach.values import INTENTS

INTENT_LABELS = {
    "interested": _("Interested"),
    "asking_price": _("Asking price"),
    "question": _("Question"),
    "not_interested": _("Not interested"),
    "unsubscribe": _("Asked to stop"),
    "out_of_office": _("Out of office"),
    "unclear": _("Unclear"),
}
INTENT_CHOICES = [(intent, INTENT_LABELS[intent]) for intent in INTENTS]


class SubjectField(forms.CharField):
    """A subject: one line, so that no header can be smuggled in."""

    default_error_messages: ClassVar = {"max_length": _("Keep the subject under 200 characters.")}

    def __init__(self) -> None:
        super().__init__(label=_("Subject"), required=False, max_length=200)

    def validate(self, value: str) -> None:
        """Refuse line breaks and other signs that do not show."""
        super().validate(value)
        if not value.isprintable():
            raise forms.ValidationError(gettext("Write the subject on one line."))


class SendMessageForm(forms.Form):
    """What a person writes in the composer."""

    subject = SubjectField()
    body = forms.CharField(
        label=_("Body"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": _("Write something first."),
            "max_length": _("Keep the message under 20,000 characters."),
        },
    )


class ReplyToTicketForm(SendMessageForm):
    """An answer to a ticket, and what becomes of it."""

    then = forms.ChoiceField(
        label=_("And then"),
        required=False,
        choices=(("", _("Keep it open")), ("wait", _("Wait")), ("resolve", _("Resolve"))),
    )


class ClassificationForm(forms.Form):
    """What an agent answers; guarded like any stranger's input."""

    intent = forms.ChoiceField(label=_("Intent"), choices=INTENT_CHOICES)
    confidence = forms.FloatField(label=_("Confidence"), min_value=0, max_value=1)
    via = forms.ChoiceField(label=_("Via"), choices=[("model", _("Model")), ("rules", _("Rules"))])
    quote = forms.CharField(label=_("Quote"), required=False, max_length=255)


class CorrectClassificationForm(forms.Form):
    """The true intent, chosen by a person."""

    intent = forms.ChoiceField(
        label=_("Intent"),
        choices=INTENT_CHOICES,
        error_messages={"invalid_choice": _("Choose one of the listed intents.")},
    )
