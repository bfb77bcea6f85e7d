"""Inputs of messages."""

from django import forms

from outreach.values import INTENTS

INTENT_LABELS = {
    "interested": "Interested",
    "asking_price": "Asking price",
    "question": "Question",
    "not_interested": "Not interested",
    "unsubscribe": "Asked to stop",
    "out_of_office": "Out of office",
    "unclear": "Unclear",
}
INTENT_CHOICES = [(intent, INTENT_LABELS[intent]) for intent in INTENTS]


class SendMessageForm(forms.Form):
    """What a person writes in the composer."""

    subject = forms.CharField(
        required=False,
        max_length=200,
        error_messages={"max_length": "Keep the subject under 200 characters."},
    )
    body = forms.CharField(
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Write something first.",
            "max_length": "Keep the message under 20,000 characters.",
        },
    )

    def clean_subject(self) -> str:
        """One line, so that no header can be smuggled in."""
        subject: str = self.cleaned_data["subject"]
        if not subject.isprintable():
            raise forms.ValidationError("Write the subject on one line.")
        return subject


class ClassificationForm(forms.Form):
    """What an agent answers; guarded like any stranger's input."""

    intent = forms.ChoiceField(choices=INTENT_CHOICES)
    confidence = forms.FloatField(min_value=0, max_value=1)
    via = forms.ChoiceField(choices=[("model", "Model"), ("rules", "Rules")])
    quote = forms.CharField(required=False, max_length=255)


class CorrectClassificationForm(forms.Form):
    """The true intent, chosen by a person."""

    intent = forms.ChoiceField(
        choices=INTENT_CHOICES,
        error_messages={"invalid_choice": "Choose one of the listed intents."},
    )
