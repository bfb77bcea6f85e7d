"""The jobs on the clock."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.actions.jobs import replay_delivery
from accounts.queries.jobs import MOST_FAILURES, buried_for, failures_for, jobs_for, title_of
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
    context["buried"] = [(title_of(one.subscriber), one) for one in buried_for(actor)[:MOST_FAILURES]]
    return page(request, "accounts/jobs/list.html", context)


@door("settings:manage", ("POST",))
def start(request: Request) -> HttpResponse:
    """Run one now."""
    run("job.run", actor=request.actor, data=request.POST)
    return done(request, reverse("accounts:job-list"), _("A worker takes it up within seconds."))


@door("settings:manage", ("POST",))
def replay(request: Request, pk: int) -> HttpResponse:
    """Try again what was given up."""
    delivery = get_object_or_404(buried_for(request.actor), pk=pk)
    replay_delivery(delivery, actor=request.actor)
    return done(request, reverse("accounts:job-list"), _("A worker takes it up within seconds."))
