"""The customer's start: tasks, once per deal, whether it was paid online or won by hand."""

from datetime import datetime, timedelta

from accounts.actor import Actor
from accounts.models import Workspace
from billing.texts import ONBOARDING
from core import clock
from core.actions import action
from crm.actions.activities import create_activity
from crm.actions.contacts import become_customer
from crm.models import Activity, Deal


@action("onboarding.start", permission=None)
def start_onboarding(deal: Deal, *, actor: Actor) -> Deal:
    """Give the owner the tasks with which a customer starts; a second call changes nothing."""
    become_customer(deal.contact, actor=actor)
    if not Workspace.current().onboarding_enabled:
        return deal
    if Activity.objects.filter(source_key=task_key(deal, 0)).exists():
        return deal
    for step, subject in enumerate(ONBOARDING):
        create_activity(
            actor=actor,
            type="task",
            subject=subject,
            contact=deal.contact,
            lead=deal.lead,
            deal=deal,
            assignee=deal.owner,
            due_at=_workday(clock.now(), step + 1),
            source_key=task_key(deal, step),
        )
    return deal


def task_key(deal: Deal, step: int) -> str:
    """Return the key that makes each onboarding task happen once."""
    return f"onboarding:{deal.pk}:{step}"


def _workday(start: datetime, days: int) -> datetime:
    """Return the moment `days` working days after `start`."""
    moment = start
    while days:
        moment += timedelta(days=1)
        days -= moment.weekday() < 5
    return moment
