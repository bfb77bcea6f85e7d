"""The jobs on the clock."""

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.queries.jobs import failures_for, jobs_for, title_of
from core import jobs
from core.actions import run
from core.doors import Request, door
from core.pages import done, page


@door("settings:manage")
def list_(request: Request) -> HttpResponse:
    """When each job ran and runs next, how it went, and what failed."""
    actor = request.actor
    failures = [(title_of(one.job), one) for one in failures_for(actor)]
    context = {"rows": jobs_for(actor), "failures": failures, "zone": jobs.zone()}
    return page(request, "accounts/jobs/list.html", context)


@door("settings:manage", ("POST",))
def start(request: Request) -> HttpResponse:
    """Run one now."""
    run("job.run", actor=request.actor, data=request.POST)
    return done(request, reverse("accounts:job-list"), _("A worker takes it up within seconds."))
