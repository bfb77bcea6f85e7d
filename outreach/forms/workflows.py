"""Inputs of the workflow dials."""

from django import forms

from outreach.models.workflow import KNOWN, Workflow


class SetWorkflowForm(forms.Form):
    """One dial: on or off, alone or asking, and its limits."""

    name = forms.ChoiceField(
        label="Workflow", choices=[(key, known["name"]) for key, known in KNOWN.items()]
    )
    is_on = forms.BooleanField(required=False)
    autonomy = forms.ChoiceField(choices=Workflow.Autonomy.choices)
    per_contact_per_day = forms.IntegerField(
        min_value=1, max_value=5, error_messages={"max_value": "At most 5 a day to one person."}
    )
    per_hour = forms.IntegerField(
        min_value=1, max_value=1000, error_messages={"max_value": "At most 1,000 an hour."}
    )


class PauseAutomationForm(forms.Form):
    """The kill switch."""

    is_paused = forms.BooleanField(required=False)


class LeadReplyForm(forms.Form):
    """Words to be answered in the lead's name, where mail stays on this machine."""

    body = forms.CharField(
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Write what the lead answers."},
    )
