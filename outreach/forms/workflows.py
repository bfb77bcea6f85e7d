"""Inputs of the workflow dials."""

from django import forms
from django.utils.translation import gettext_lazy as _

from outreach.models.workflow import KNOWN, Workflow


class SetWorkflowForm(forms.Form):
    """One dial: on or off, alone or asking, and its limits."""

    name = forms.ChoiceField(label=_("Workflow"), choices=[(key, _(known["name"])) for key, known in KNOWN.items()])
    is_on = forms.BooleanField(label=_("Is on"), required=False)
    autonomy = forms.ChoiceField(label=_("Autonomy"), choices=Workflow.Autonomy.choices)
    per_contact_per_day = forms.IntegerField(
        label=_("Per contact per day"),
        min_value=1,
        max_value=5,
        error_messages={"max_value": _("At most 5 a day to one person.")},
    )
    per_hour = forms.IntegerField(
        label=_("Per hour"), min_value=1, max_value=1000, error_messages={"max_value": _("At most 1,000 an hour.")}
    )


class PauseAutomationForm(forms.Form):
    """The kill switch."""

    is_paused = forms.BooleanField(label=_("Is paused"), required=False)


class LeadReplyForm(forms.Form):
    """Words to be answered in the lead's name, where mail stays on this machine."""

    body = forms.CharField(
        label=_("Body"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write what the lead answers.")},
    )
