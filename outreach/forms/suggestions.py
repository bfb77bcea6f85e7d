"""Inputs of suggestions."""

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from outreach.models import Suggestion


class ApproveSuggestionForm(forms.Form):
    """The approval: what the person saw, and the words as they rewrote them, if they did."""

    fingerprint = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    subject = forms.CharField(label=_("Subject"), max_length=200, required=False)
    body = forms.CharField(label=_("Body"), max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 8}))

    def clean_subject(self) -> str:
        """One line, so that no header can be smuggled in."""
        subject: str = self.cleaned_data["subject"]
        if not subject.isprintable():
            raise forms.ValidationError(gettext("Write the subject on one line."))
        return subject


class RejectSuggestionForm(forms.Form):
    """Why not; may be left out."""

    reason = forms.ChoiceField(label=_("Reason"), choices=[("", _("No reason")), *Suggestion.REASONS], required=False)
