"""The editor of a playbook: steps with their guards and tasks, added, moved and removed by plain buttons."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.text import slugify
from django.utils.translation import gettext as _

from core.doors import door
from core.pages import page
from crm.forms.pipelines import StepForm, TaskForm, UpdatePlaybookForm
from crm.queries.pipelines import playbook_for
from crm.sheets import BOTH, ask

TEMPLATE = "crm/pipelines/playbook.html"
OWN = [name for name in StepForm.base_fields if name != "tasks"]


@door("pipeline:manage", BOTH)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a playbook: its name, and its steps with their tasks."""
    playbook = playbook_for(request.actor, pk)
    steps, do = playbook.steps, request.POST.get("do", "")
    if "step" in request.POST:
        steps = _rearranged(_typed(request.POST), do)
    words = {"title": playbook.name, "rows": _rows(steps, request.method == "POST" and not do)}
    if do:
        form = UpdatePlaybookForm(initial={name: request.POST.get(name) for name in ("name", "is_active", "version")})
        words |= {"form": form, "subject": playbook, "was": request.POST.get("was", "")}
        return page(request, TEMPLATE, words)
    if request.method == "POST" and "step" in request.POST:
        request.POST = request.POST.copy()  # type: ignore[assignment]
        request.POST["steps"] = json.dumps(_with_keys(steps))
    return ask(
        request, "playbook.update", playbook, to="/settings/pipelines/", template=TEMPLATE,
        message=_("Saved. Deals under way keep the steps with which they began."), **words,
    )  # fmt: skip


def _typed(post: QueryDict) -> list[dict[str, Any]]:
    """Return the steps as they stand in the form, right or wrong."""
    return [
        {name: post.get(f"s{at}-{name}", "") for name in OWN}
        | {"tasks": [{name: post.get(f"s{at}t{one}-{name}", "") for name in TaskForm.base_fields}
                     for one in post.getlist(f"s{at}-task")]}
        for at in post.getlist("step")
    ]  # fmt: skip


def _rearranged(steps: list[dict[str, Any]], do: str) -> list[dict[str, Any]]:
    """Return the steps after a button: `add`, `up`, `down` or `remove`, with the place of a step or of its task."""
    verb, *places = do.split(":")
    at = [int(place) for place in places if place.isdecimal() and len(place) < 4]
    within = at if verb == "add" else at[:-1]
    if (within and within[0] >= len(steps)) or len(at) != len(places):
        return steps
    rows: list[Any] = steps[within[0]]["tasks"] if within else steps
    if verb == "add":
        rows.append({"days": "1"} if within else {"tasks": [{"days": "1"}]})
    elif verb in {"up", "down", "remove"} and at and at[-1] < len(rows):
        row, place = rows.pop(at[-1]), at[-1] + {"up": -1, "down": 1}.get(verb, 0)
        if verb != "remove":
            rows.insert(max(0, place), row)
    return steps


def _with_keys(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give new steps a key of their own, made from the name."""
    taken = {step["key"] for step in steps}
    for number, step in enumerate(steps, 1):
        if not step["key"]:
            key = slugify(step["name"])[:36] or f"step-{number}"
            step["key"] = key if key not in taken else f"{key}-{number}"
            taken.add(step["key"])
    return steps


def _rows(steps: list[dict[str, Any]], is_judged: bool) -> list[tuple[StepForm, list[TaskForm]]]:
    """Return the forms of the steps and of their tasks; judged ones say what is wrong beside the field."""

    def made(form: Any, row: dict[str, Any], prefix: str) -> Any:
        if is_judged:
            return form({f"{prefix}-{name}": value for name, value in row.items()}, prefix=prefix)
        return form(initial=row, prefix=prefix)

    return [
        (made(StepForm, step | {"key": step.get("key") or "new"} if is_judged else step, f"s{at}"),
         [made(TaskForm, task, f"s{at}t{one}") for one, task in enumerate(step.get("tasks", []))])
        for at, step in enumerate(steps)
    ]  # fmt: skip
