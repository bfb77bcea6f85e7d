"""What may be said about pipelines."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.roles import MANAGER, REP
from crm.deal_rules import NEEDS, PREVIOUS
from crm.forms.fields import DateInput, EditForm, RowsField
from crm.models import Pipeline, Playbook, Stage


def steps_to_begin() -> list[tuple[str, str]]:
    """The steps of the playbooks that guard an open deal's stages, for a stage to begin one of them."""
    books = Playbook.objects.filter(starts_on=Playbook.Starts.CONVERSION)
    steps = [(step["key"], step["name"]) for book in books for step in book.steps]
    return [("", gettext("None")), *steps]


class StageFactsForm(forms.Form):
    """What a stage says of the deals in it."""

    name = forms.CharField(label=_("Name"), max_length=80)
    probability = forms.IntegerField(label=_("Chance in percent"), min_value=0, max_value=100)
    rot_days = forms.IntegerField(
        label=_("Working days before a silent deal is stuck"),
        min_value=1,
        max_value=3650,
        required=False,
        help_text=_("Empty: never."),
    )
    is_proposal_sent = forms.BooleanField(label=_("Deals come here when their proposal is sent"), required=False)
    needs = forms.MultipleChoiceField(
        label=_("What a deal must have to come here"),
        choices=[(name, need[0]) for name, need in NEEDS.items()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    step = forms.CharField(
        label=_("Playbook step that begins here"),
        max_length=40,
        required=False,
        widget=forms.Select(choices=steps_to_begin),
    )


class StageForm(StageFactsForm):
    """One of all stages; with `id` an existing one."""

    id = forms.IntegerField(label=_("Id"), required=False)


class PlaceForm(forms.Form):
    """The place of a stage in its pipeline, 1 for the first."""

    place = forms.IntegerField(label=_("Place"), min_value=1, max_value=30)


class UpdateStageForm(EditForm, StageFactsForm):
    """What may be corrected on a stage."""

    version = None  # stages carry none: their pipeline does


class RemoveStageForm(forms.Form):
    """Where the deals of a stage go when it is removed."""

    move_to = forms.ModelChoiceField(
        Stage.objects.select_related("pipeline").order_by("pipeline__name", "order"),
        label=_("Its deals go to"),
        required=False,
        empty_label=_("There are none"),
    )


class PipelineForm(forms.Form):
    """A pipeline's name, and whether new deals start there."""

    name = forms.CharField(label=_("Name"), max_length=80)
    is_default = forms.BooleanField(label=_("New deals start here"), required=False)
    order = forms.IntegerField(label=_("Place in the menu"), min_value=0, max_value=999, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        return cleaned | {"order": cleaned.get("order") or 0}


class CreatePipelineForm(PipelineForm):
    """A new pipeline; without stages it starts with the usual ones."""

    stages = RowsField(StageForm, label=_("Stages"), required=False, most=30)


class UpdatePipelineForm(EditForm, PipelineForm):
    """What may be corrected on a pipeline."""

    is_active = forms.BooleanField(
        label=_("In use"),
        required=False,
        help_text=_("Out of use, it takes no new deals; those in it can be finished."),
    )


class SetStagesForm(forms.Form):
    """All stages of a pipeline in their order; those left out are removed."""

    stages = RowsField(StageForm, label=_("Stages"), most=30)

    @staticmethod
    def values(pipeline: Pipeline) -> dict[str, Any]:
        """Return what the form starts with."""
        names = ("id", "name", "probability", "rot_days", "is_proposal_sent", "needs", "step")
        stages = Stage.objects.filter(pipeline=pipeline).order_by("order", "id")
        return {"stages": list(stages.values(*names))}


class TaskForm(forms.Form):
    """A task of a playbook's step."""

    subject = forms.CharField(label=_("Subject"), max_length=200)
    role = forms.ChoiceField(label=_("Role"), choices=[(REP, _("Sales rep")), (MANAGER, _("Sales manager"))])
    days = forms.IntegerField(label=_("Days"), min_value=0, max_value=365)
    only_if = forms.ChoiceField(
        label=_("Only if"), choices=[("", _("always")), ("large", _("the deal needs an approval"))], required=False
    )
    done_when = forms.ChoiceField(
        label=_("Done when"),
        choices=[
            ("", _("somebody ticks it")),
            ("proposal_sent", _("the proposal is sent")),
            ("agreed", _("the proposal is agreed")),
            ("approved", _("the deal is approved")),
        ],
        required=False,
    )


class StepForm(forms.Form):
    """A step of a playbook: its guard, and its tasks."""

    key = forms.SlugField(label=_("Key"), max_length=40)
    name = forms.CharField(label=_("Name"), max_length=80)
    guard = forms.ChoiceField(
        label=_("May be entered when"),
        choices=[
            ("", _("always")),
            (PREVIOUS, _("the step before is done")),
            *((name, need[0]) for name, need in NEEDS.items()),
        ],
        required=False,
    )
    tasks = RowsField(TaskForm, label=_("Tasks"), required=False, most=30)


class UpdatePlaybookForm(EditForm):
    """What may be changed on a playbook; processes under way keep the steps with which they began."""

    name = forms.CharField(label=_("Name"), max_length=80)
    is_active = forms.BooleanField(label=_("Starts by itself"), required=False)
    steps = RowsField(StepForm, label=_("Steps"), most=20)

    def clean_steps(self) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = self.cleaned_data["steps"]
        if len({step["key"] for step in steps}) < len(steps):
            raise forms.ValidationError(gettext("Give every step a key of its own."))
        return steps


class AddHolidayForm(forms.Form):
    """A day on which nobody works."""

    on = forms.DateField(label=_("Day"), widget=DateInput())
    name = forms.CharField(label=_("Name"), max_length=80)
