"""The deal board: a column for each stage, and what the pipeline is worth."""

from typing import Any
from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from accounts.models import Workspace
from core.doors import door
from core.numbers import is_number
from core.pages import page
from crm.models import Pipeline
from crm.queries.board import VIEWS, board_of, more_cards
from crm.queries.pipelines import boards


@door("deal:read")
def board(request: HttpRequest) -> HttpResponse:
    """The board of the chosen pipeline, the default one first; with `column` the next cards of one."""
    asked, pipelines = request.GET, boards()
    pipeline = chosen(pipelines, asked.get("pipeline", ""))
    view = asked["view"] if asked.get("view") in VIEWS else ""
    context: dict[str, Any] = {
        "pipeline": pipeline,
        "pipelines": pipelines,
        "views": VIEWS.items(),
        "view": view,
        "query": f"pipeline={pipeline.pk}&view={view}" if pipeline else "",
    }
    if pipeline is not None and is_number(asked.get("column", "")):
        column, cursor = int(asked["column"]), asked.get("cursor", "")
        cards, more = more_cards(request.actor, pipeline, column, cursor, view)
        context["column"] = {"key": column, "deals": cards, "more": more}
        return page(request, "crm/deals/cards.html", context, parts=("cards",))
    if pipeline is not None:
        context |= board_of(request.actor, pipeline, Workspace.current().currency, view)
    return page(request, "crm/deals/board.html", context, parts=("board", "strip"))


def chosen(pipelines: list[Pipeline], asked: str) -> Pipeline | None:
    """The pipeline that the address names, else the first one."""
    if not asked:
        return pipelines[0] if pipelines else None
    for pipeline in pipelines:
        if str(pipeline.pk) == asked:
            return pipeline
    raise Http404


def event(request: HttpRequest, name: str) -> str:
    """The event that answers a change made from the board, which stays; "" on other pages, which lead on."""
    if not request.htmx:
        return ""
    return name if urlsplit(request.htmx.current_url or "").path == reverse("crm:board") else ""
