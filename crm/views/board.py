"""The deal board: a column for each stage, and what the pipeline is worth."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from accounts.models import Workspace
from core.doors import door
from core.numbers import is_number
from core.pages import page
from crm.models import Pipeline
from crm.queries.board import board_of


@door("deal:read")
def board(request: HttpRequest) -> HttpResponse:
    """The board of the chosen pipeline, the default one first."""
    pipelines = Pipeline.objects.order_by("-is_default", "name")
    chosen = request.GET.get("pipeline", "")
    pipeline = get_object_or_404(pipelines, pk=chosen) if is_number(chosen) else pipelines.first()
    return show(pipeline, request)


def show(pipeline: Pipeline | None, request: HttpRequest) -> HttpResponse:
    """Answer the whole page, or the board alone after a move."""
    context = {
        "pipeline": pipeline,
        "pipelines": Pipeline.objects.order_by("-is_default", "name"),
        **(board_of(request.actor, pipeline, Workspace.current().currency) if pipeline else {}),
    }
    return page(request, "crm/deals/board.html", context, parts=("board",))
