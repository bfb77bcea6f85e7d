"""What may be said about pipelines."""

from typing import Any

from django import forms

from crm.forms.fields import EditForm, RowsField
from crm.models import Pipeline, Stage


class StageForm(forms.Form):
    """One stage; with `id` an existing one."""

    id = forms.IntegerField(required=False)
    name = forms.CharField(max_length=80)
    probability = forms.IntegerField(min_value=0, max_value=100)
    rot_days = forms.IntegerField(min_value=1, max_value=3650, required=False)
    is_proposal_sent = forms.BooleanField(required=False)


class PipelineForm(forms.Form):
    """A pipeline's name, and whether new deals start there."""

    name = forms.CharField(max_length=80)
    is_default = forms.BooleanField(required=False)


class CreatePipelineForm(PipelineForm):
    """A new pipeline; without stages it starts with the usual ones."""

    stages = RowsField(StageForm, required=False, most=30)


class UpdatePipelineForm(EditForm, PipelineForm):
    """What may be corrected on a pipeline."""


class SetStagesForm(forms.Form):
    """All stages of a pipeline in their order; those left out are removed."""

    stages = RowsField(StageForm, most=30)

    @staticmethod
    def values(pipeline: Pipeline) -> dict[str, Any]:
        """Return what the form starts with."""
        names = ("id", "name", "probability", "rot_days", "is_proposal_sent")
        stages = Stage.objects.filter(pipeline=pipeline).order_by("order", "id")
        return {"stages": list(stages.values(*names))}
