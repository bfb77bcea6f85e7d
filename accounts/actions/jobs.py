"""Jobs are run by hand, and what was given up is tried again."""

from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.events import DeliveryReplayed, JobRequested
from accounts.forms.jobs import RunJobForm
from core import jobs, relay
from core.actions import action
from core.errors import Refused
from core.events import publish
from core.models import Delivery


@action("job.run", permission="settings:manage", form=RunJobForm)
def run_job(*, actor: Actor, name: str) -> None:
    """Have the next worker run a job within seconds. Publishes JobRequested. Refused while it runs."""
    if not jobs.request(name):
        raise Refused(_("This job is running or about to. Wait until it is done."))
    publish(JobRequested(name), actor=actor)


@action("delivery.replay", permission="settings:manage")
def replay_delivery(delivery: Delivery, *, actor: Actor) -> Delivery:
    """Hand a delivery that was given up to its subscriber again, with all its tries. Publishes DeliveryReplayed."""
    if delivery.buried_at is None:
        raise Refused(_("This was taken up already."))
    relay.replay(delivery)
    publish(DeliveryReplayed(delivery.pk, delivery.subscriber), actor=actor)
    jobs.ring()
    return delivery
