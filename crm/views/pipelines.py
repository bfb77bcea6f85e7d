"""The settings of selling: pipelines with their stages, playbooks, and the days on which nobody works."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.doors import door
from core.pages import page
from crm.models import Stage
from crm.queries.pipelines import pipeline_for, pipelines_for, playbooks_for, stage_for, stages_in_use
from crm.queries.rotting import holiday_for, holidays_for
from crm.sheets import BOTH, ask, press, sheet


@door("pipeline:manage")
def list_(request: HttpRequest) -> HttpResponse:
    """The pipelines, and the playbooks that their deals follow."""
    context = {"pipelines": pipelines_for(request.actor), "playbooks": playbooks_for(request.actor)}
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
    title=_("New pipeline"),
    submit=_("Add pipeline"),
    message=_("Pipeline added, with the usual stages. Make them yours."),
    hide=("stages",),
)
edit = sheet("pipeline.update", pipeline_for, title="{.name}", submit=_("Save"), message=_("Saved."))
stage_new = sheet("stage.create", pipeline_for, title=_("New stage"), submit=_("Add stage"), message=_("Stage added."))
stage_edit = sheet("stage.update", stage_for, title="{.name}", submit=_("Save"), message=_("Saved."))
stage_place = press("stage.place", stage_for, _("Moved."))


@door("pipeline:manage", BOTH)
def stage_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a stage; where deals are in it, say how many, and ask where they go."""
    stage = stage_for(request.actor, pk)
    number = stage.deals.count()
    deals = ngettext(
        "%(number)s deal is in it. Choose where they go.", "%(number)s deals are in it. Choose where they go.", number
    )
    others = Stage.objects.select_related("pipeline").exclude(pk=pk)
    return ask(
        request,
        "stage.remove",
        stage,
        title=gettext("Remove %(stage)s?") % {"stage": stage.name},
        submit=gettext("Remove stage"),
        intro=deals % {"number": f"{number:,}"} if number else gettext("No deal is in it."),
        to=stage.pipeline,
        message=gettext("Stage removed."),
        danger=True,
        choices={"move_to": others.order_by("pipeline__order", "pipeline__name", "order")},
        hide=() if number else ("move_to",),
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
        title=gettext("New holiday"),
        submit=gettext("Add holiday"),
        to=reverse("crm:holiday-list"),
        message=gettext("Added. It counts as no working day."),
    )


holiday_remove = press("holiday.remove", holiday_for, _("Removed. It is a working day again."))
