"""What the set-up asks."""

from django import forms

from accounts.forms.workspace import UpdateWorkspaceForm
from crm.queries.setup import CHECKLIST, STEPS

ASKED = ("name", "about", "tone", "timezone", "working_hours", "default_language", "currency")


class EndStepForm(forms.Form):
    """The step that is done or skipped."""

    step = forms.ChoiceField(choices=[(one.key, one.label) for one in STEPS] + [(CHECKLIST, CHECKLIST)])
    skipped = forms.BooleanField(required=False)


class BusinessForm(forms.Form):
    """The few settings that the first day needs; the others have good values."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        whole = UpdateWorkspaceForm()
        self.fields = {name: whole.fields[name] for name in ASKED}
