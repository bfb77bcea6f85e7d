"""The settings of selling: pipelines with their stages, playbooks, and the days on which nobody works."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from core.doors import door
from core.pages import page
from crm.models import Stage
from crm.queries.pipelines import (
    pipeline_for,
    pipelines_for,
    playbook_for,
    playbooks_for,
    stage_for,
    stages_in_use,
)
from crm.queries.rotting import holiday_for, holidays_for
from crm.sheets import BOTH, ask, press, sheet


@door("pipeline:manage")
def list_(request: HttpRequest) -> HttpResponse:
    """The pipelines, and the playbooks that their deals follow."""
    context = {
        "pipelines": pipelines_for(request.actor),
        "playbooks": playbooks_for(request.actor),
    }
    return page(request, "crm/pipelines/list.html", context)


@door("pipeline:manage")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One pipeline, stage by stage."""
    pipeline = pipeline_for(request.actor, pk)
    context = {"pipeline": pipeline, "stages": stages_in_use(pipeline)}
    return page(request, "crm/pipelines/detail.html", context)


new = sheet(
    "pipeline.create",
    None,
    title="New pipeline",
    submit="Add pipeline",
    message="Pipeline added, with the usual stages. Make them yours.",
    hide=("stages",),
)
edit = sheet("pipeline.update", pipeline_for, title="{.name}", submit="Save", message="Saved.")
stage_new = sheet(
    "stage.create", pipeline_for, title="New stage", submit="Add stage", message="Stage added."
)
stage_edit = sheet("stage.update", stage_for, title="{.name}", submit="Save", message="Saved.")
stage_place = press("stage.place", stage_for, "Moved.")


@door("pipeline:manage", BOTH)
def stage_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a stage; where deals are in it, say how many, and ask where they go."""
    stage = stage_for(request.actor, pk)
    number = stage.deals.count()
    deals = "1 deal is" if number == 1 else f"{number:,} deals are"
    others = Stage.objects.select_related("pipeline").exclude(pk=pk)
    return ask(
        request,
        "stage.remove",
        stage,
        title=f"Remove {stage.name}?",
        submit="Remove stage",
        intro=f"{deals} in it. Choose where they go." if number else "No deal is in it.",
        to=stage.pipeline,
        message="Stage removed.",
        danger=True,
        choices={"move_to": others.order_by("pipeline__order", "pipeline__name", "order")},
        hide=() if number else ("move_to",),
    )


playbook_edit = sheet(
    "playbook.update",
    playbook_for,
    title="{.name}",
    submit="Save playbook",
    message="Saved. Deals under way keep the steps with which they began.",
    goes="crm:pipeline-list",
    back="crm:pipeline-list",
)


@door("settings:manage")
def holidays(request: HttpRequest) -> HttpResponse:
    """The days on which nobody works, the next ones first."""
    return page(request, "crm/pipelines/holidays.html", {"rows": holidays_for(request.actor)})


@door("settings:manage", BOTH)
def holiday_new(request: HttpRequest) -> HttpResponse:
    """Another day on which nobody works."""
    return ask(
        request,
        "holiday.add",
        title="New holiday",
        submit="Add holiday",
        to=reverse("crm:holiday-list"),
        message="Added. It counts as no working day.",
    )


holiday_remove = press("holiday.remove", holiday_for, "Removed. It is a working day again.")
