"""What the clock does for money."""

from datetime import timedelta

from django.conf import settings

from accounts.actor import Actor
from accounts.models import Workspace
from billing.actions.proposals import expire_proposal
from billing.models import Checkout, Proposal
from core import clock
from core.jobs import job
from outreach.actions.hooks import accept_hook
from outreach.connectors.stripe import Stripe


@job(daily="00:05")
def expire_proposals() -> None:
    """Close the proposals whose date has passed."""
    today = clock.today(Workspace.current().timezone)
    for proposal in Proposal.objects.past(today):
        expire_proposal(proposal, actor=Actor.job("expire_proposals"))


@job(every=timedelta(minutes=5))
def fetch_missed_events() -> None:
    """Ask Stripe for events whose delivery went astray, while a payment page is open."""
    waiting = Checkout.objects.filter(mode="stripe", state__in=Checkout.LIVE)
    oldest = waiting.order_by("created_at").first()
    if oldest is None or not settings.STRIPE_API_KEY:
        return
    since = max(oldest.created_at, clock.now() - timedelta(days=7))
    stripe = Stripe(settings.STRIPE_API_KEY, settings.STRIPE_API_BASE)
    for external_id, body in stripe.events_since(since):
        accept_hook(actor=Actor.job("fetch_missed_events"), vendor="stripe", external_id=external_id, body=body)
