"""Playbooks are followed: a process starts, gives out the tasks of each step, and advances when they are done."""

import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import User, Workspace
from accounts.queries.people import managers_of
from accounts.roles import MANAGER
from core import clock
from core.actions import action
from core.errors import Refused
from core.events import publish
from crm.actions.activities import complete_activity, create_activity
from crm.actions.notes import about
from crm.deal_rules import NEEDS, opens, place_of
from crm.events import ActivityUpdated, PlaybookChanged, ProcessChanged
from crm.forms.deals import StartProcessForm
from crm.forms.pipelines import UpdatePlaybookForm
from crm.models import Deal, Playbook, Process
from crm.queries.approvals import is_approved, needs_approval
from crm.queries.processes import tasks_of
from crm.queries.rotting import calendar, today

FILE = Path(__file__).resolve().parents[1] / "playbooks.toml"
SYSTEM = Actor.system("playbook")
OVERTAKEN = "Not needed any more"


@action("playbook.make", permission=None)
def make_playbooks(*, actor: Actor) -> None:
    """Make the playbooks that an install starts with; does nothing where there are some."""
    if not Playbook.objects.exists():
        for row in tomllib.loads(FILE.read_text())["playbook"]:
            publish(PlaybookChanged(Playbook.objects.create(**row).pk), actor=actor)


@action("playbook.update", permission="pipeline:manage", form=UpdatePlaybookForm)
def update_playbook(playbook: Playbook, *, actor: Actor, version: int | None = None, **values: Any) -> Playbook:
    """Change a playbook; processes under way keep their steps. Publishes PlaybookChanged."""
    playbook.check_version(version)
    playbook.store(**values)
    publish(PlaybookChanged(playbook.pk), actor=actor)
    return playbook


@action("deal.start_process", permission="deal:update", form=StartProcessForm)
def start_process(deal: Deal, *, actor: Actor, playbook: Playbook) -> Deal:
    """Let a deal follow a playbook from its first step, or go on where it stopped. Publishes ProcessChanged."""
    wanted = "open" if playbook.starts_on == Playbook.Starts.CONVERSION else "won"
    if deal.status != wanted:
        raise Refused(
            _("“%(playbook)s” is for open deals.") % {"playbook": playbook.name}
            if wanted == "open"
            else _("“%(playbook)s” is for won deals.") % {"playbook": playbook.name}
        )
    _start(deal, playbook, actor)
    return deal


@action("deal.stop_process", permission="deal:update", form=StartProcessForm)
def stop_process(deal: Deal, *, actor: Actor, playbook: Playbook) -> Deal:
    """Let a deal go its own way: the playbook guards its stages no more. Publishes ProcessChanged."""
    process = deal.processes.filter(playbook=playbook, state=Process.State.RUNNING).first()
    if process is None:
        raise Refused(_("The deal does not follow “%(playbook)s”.") % {"playbook": playbook.name})
    _end(process, actor, Process.State.STOPPED)
    return deal


@action("process.begin", permission=None)
def begin_processes(deal: Deal, *, actor: Actor, starts_on: str) -> Deal:
    """Start what begins by itself at this moment of a deal's life: each playbook once for each deal."""
    make_playbooks(actor=actor)
    if starts_on == Playbook.Starts.WIN and not Workspace.current().onboarding_enabled:
        return deal
    for playbook in Playbook.objects.filter(starts_on=starts_on, is_active=True):
        if not deal.processes.filter(playbook=playbook).exists():
            _start(deal, playbook, actor)
    return deal


@action("process.advance", permission=None)
def advance_process(process: Process, *, actor: Actor) -> Process:
    """Bring a process to where its deal and its tasks are. Publishes ProcessChanged when that is elsewhere.

    It follows the deal into later stages; it enters the next step when the tasks of this one are done and its guard
    lets the deal in; a closed deal ends it, unless it is about customers.
    """
    if process.state != Process.State.RUNNING:
        return process
    deal = process.deal
    if process.playbook.starts_on == Playbook.Starts.CONVERSION and deal.status != "open":
        _end(process, actor, Process.State.STOPPED)
        return process
    here = place_of(process.steps, deal.stage.step) if deal.stage.step else -1
    if here > process.at:
        _enter(process, here, actor)
    while not _settle(process):
        if process.at == len(process.steps) - 1:
            _end(process, actor, Process.State.DONE)
            break
        if not opens(process.steps[process.at + 1], deal):
            break
        _enter(process, process.at + 1, actor)
    return process


@action("process.resume", permission=None)
def resume_process(process: Process, *, actor: Actor) -> Process:
    """Take up a process that stopped because its deal was closed. Publishes ProcessChanged."""
    if process.state == Process.State.STOPPED:
        _start(process.deal, process.playbook, actor)
    return process


def _start(deal: Deal, playbook: Playbook, actor: Actor) -> None:
    process, is_new = Process.objects.get_or_create(
        playbook=playbook, deal=deal, defaults={"contact": deal.contact, "steps": playbook.steps}
    )
    if not is_new:
        process.store(state=Process.State.RUNNING.value)
        for task in tasks_of(process).filter(outcome=OVERTAKEN):
            task.store(completed_at=None, outcome="")
            publish(ActivityUpdated(**about(task), changes=["completed_at"]), actor=actor)
    _enter(process, process.at, actor)
    advance_process(process, actor=actor)


def _enter(process: Process, place: int, actor: Actor) -> None:
    """Enter a step: its tasks are given out, without those that are done or not asked for."""
    deal, week = process.deal, calendar()
    now = clock.now().astimezone(ZoneInfo(Workspace.current().timezone))
    process.store(at=place)
    for number, task in enumerate(process.step["tasks"], 1):
        if task.get("only_if") == "large" and not needs_approval(deal):
            continue
        if _is_done(task, deal):
            continue
        due_on = week.after(today(), task.get("days") or 1)
        create_activity(
            actor=SYSTEM,
            type="task",
            subject=task["subject"],
            contact=deal.contact,
            lead=deal.lead,
            deal=deal,
            assignee=_person(deal, task["role"]),
            due_at=datetime.combine(due_on, now.timetz()),
            source_key=f"{process.prefix(place)}{number}",
        )
    _say(process, actor)


def _settle(process: Process) -> bool:
    """Tick the tasks that the product knows to be done; return whether any of the step is still open."""
    done_by_number = {
        f"{process.prefix(process.at)}{number}": _is_done(task, process.deal)
        for number, task in enumerate(process.step["tasks"], 1)
    }
    waiting = False
    for task in tasks_of(process, process.at).filter(completed_at=None):
        if done_by_number.get(task.source_key or ""):
            complete_activity(task, actor=SYSTEM)
        else:
            waiting = True
    return waiting


def _end(process: Process, actor: Actor, state: Process.State) -> None:
    process.store(state=state.value)
    for task in tasks_of(process).filter(completed_at=None):
        complete_activity(task, actor=SYSTEM, outcome=OVERTAKEN)
    _say(process, actor)


def _is_done(task: dict[str, Any], deal: Deal) -> bool:
    sign = str(task.get("done_when") or "")
    if sign == "approved":
        return is_approved(deal)
    return bool(sign) and NEEDS[sign][2](deal)


def _person(deal: Deal, role: str) -> User | None:
    leaders = managers_of(deal.owner) if role == MANAGER else []
    return leaders[0] if leaders else deal.owner


def _say(process: Process, actor: Actor) -> None:
    named = (process.pk, process.deal_id, process.contact_id, process.playbook.name)
    publish(ProcessChanged(*named, step=process.step["name"], state=process.state), actor=actor)
