"""Money that comes before the manager's yes: PAID at once, won when the yes arrives."""

from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import Workspace
from billing.models import Invoice, Payment
from billing.values import Line
from crm.actions.approvals import approve_deal, request_approval
from crm.models import Activity, Approval
from tests.billing.selling import SECRET, accepted, on_stripe, post_event, stripe_event
from tests.people import as_actor

pytestmark = pytest.mark.django_db


def test_the_deal_waits_and_is_won_when_the_approval_arrives(rita, max_, settings, run_events):
    settings.STRIPE_API_KEY, settings.STRIPE_WEBHOOK_SECRET = "sk_test_1", SECRET
    proposal = accepted(rita, lines=(Line("Everything", Decimal(1), 20_000_000),))
    workspace = Workspace.current()
    workspace.high_value_threshold_minor = 100
    workspace.save()
    post_event(Client(), stripe_event(on_stripe(proposal)))
    run_events()
    proposal.refresh_from_db()
    payment = Payment.objects.get()
    assert (proposal.state, proposal.lead.stage) == ("paid", "PAID")
    assert proposal.deal.status == "open"
    assert payment.is_win_pending
    assert Invoice.objects.get().payment == payment
    assert Activity.objects.filter(source_key__startswith="onboarding:").count() == 5

    request_approval(proposal.deal, actor=as_actor(rita))
    approve_deal(Approval.objects.get(state="pending"), actor=as_actor(max_))
    run_events()
    proposal.deal.refresh_from_db()
    payment.refresh_from_db()
    assert proposal.deal.status == "won"
    assert not payment.is_win_pending
    assert Invoice.objects.count() == 1
    assert Activity.objects.filter(source_key__startswith="onboarding:").count() == 5
