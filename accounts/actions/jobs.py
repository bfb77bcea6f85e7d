"""Jobs are run by hand."""

from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.events import JobRequested
from accounts.forms.jobs import RunJobForm
from core import jobs
from core.actions import action
from core.errors import Refused
from core.events import publish


@action("job.run", permission="settings:manage", form=RunJobForm)
def run_job(*, actor: Actor, name: str) -> None:
    """Have the next worker run a job within seconds. Publishes JobRequested. Refused while it runs."""
    if not jobs.request(name):
        raise Refused(_("This job is running or about to. Wait until it is done."))
    publish(JobRequested(name), actor=actor)
