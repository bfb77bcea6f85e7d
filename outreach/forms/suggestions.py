"""Inputs of suggestions."""

from django import forms
from django.utils.translation import gettext_lazy as _

from outreach.forms.messages import SubjectField
from outreach.models import Suggestion


class ApproveSuggestionForm(forms.Form):
    """The approval: what the person saw, and the words as they rewrote them, if they did."""

    fingerprint = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    subject = SubjectField()
    body = forms.CharField(label=_("Body"), max_length=20_000, required=False, widget=forms.Textarea(attrs={"rows": 8}))


class RejectSuggestionForm(forms.Form):
    """Why not; may be left out."""

    reason = forms.ChoiceField(label=_("Reason"), choices=[("", _("No reason")), *Suggestion.REASONS], required=False)
