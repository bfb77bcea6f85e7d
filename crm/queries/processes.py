"""Reading how far deals are in their playbooks."""

from collections import Counter
from typing import Any

from django.db.models import QuerySet

from accounts.actor import Actor
from crm.models import Activity, Contact, Deal, Process


def tasks_of(process: Process, step: int | None = None) -> QuerySet[Activity]:
    """Return the tasks that a process gave out, in all or in one step."""
    prefix = f"{process.playbook.slug}:{process.deal_id}:" if step is None else process.prefix(step)
    return Activity.objects.filter(deal=process.deal_id, source_key__startswith=prefix)


def processes_for(actor: Actor, about: Deal | Contact, tasks: Any = None) -> list[dict[str, Any]]:
    """Return the processes of a deal, or those under way of a contact's deals that the actor may see, with their steps.

    A step is {name, state ("done", "now", "later"), tasks: [Activity], done, total}. `tasks`: the deal's, if known.
    """
    rows = Process.objects.filter(**{str(about._meta.model_name): about}).select_related("playbook")
    if isinstance(about, Contact):
        rows = rows.filter(
            state=Process.State.RUNNING, deal__in=actor.visible("deal:read", Deal.objects.filter(contact=about))
        )
    processes = list(rows.select_related("deal").order_by("-created_at", "-pk"))
    if not processes:
        return []
    if tasks is None:
        given = Activity.objects.filter(deal__in=[row.deal_id for row in processes], source_key__isnull=False)
        tasks = given.select_related("actor").order_by("pk")
    by_key = {task.source_key: task for task in tasks}
    return [{"process": row, "steps": _steps(row, by_key)} for row in processes]


def _steps(process: Process, by_key: dict[Any, Activity]) -> list[dict[str, Any]]:
    found = []
    for place, step in enumerate(process.steps):
        keys = [f"{process.prefix(place)}{n}" for n in range(1, len(step["tasks"]) + 1)]
        tasks = [by_key[key] for key in keys if key in by_key]
        state = "done" if place < process.at or process.state == "done" else "later"
        state = "now" if place == process.at and process.state == "running" else state
        counted = Counter(task.completed_at is not None for task in tasks)
        names = [task["subject"] for task in step["tasks"]] if place > process.at else []
        found.append(
            {
                "name": step["name"],
                "state": state,
                "tasks": tasks,
                "ahead": names,
                "done": counted[True],
                "total": len(tasks),
            }
        )
    return found
