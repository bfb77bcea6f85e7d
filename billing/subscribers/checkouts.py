"""Payment pages and refunds at the provider: through the ledger of outward effects."""

from django.conf import settings

from accounts.actor import Actor
from billing.actions import payments, refunds
from billing.events import CheckoutPlanned, PaymentRefundPlanned, ProposalClosed
from billing.links import public_url, token_of
from billing.models import Checkout, Refund
from core.effects import Claim, Outcome, Rejected, RetryLater, perform
from core.events import Meta, Postpone, on
from outreach.connectors.stripe import Stripe, StripePage


@on(CheckoutPlanned)
def open_checkout(event: CheckoutPlanned, meta: Meta) -> None:
    """Have Stripe make the payment page; after a lost answer the same key finds the same page."""
    checkout = Checkout.objects.select_related("proposal__contact").get(pk=event.checkout_id)
    if checkout.mode != "stripe" or checkout.state != "planned":
        return
    made: list[StripePage] = []

    def work(claim: Claim) -> str:
        made.append(_page(checkout))
        return made[0].external_id

    outcome = perform(payments.effect_key(checkout), work)
    actor = Actor.system("stripe")
    if outcome.state == "done":
        page = made[0] if made else _page(checkout)
        payments.record_checkout_open(checkout, actor=actor, **vars(page))
    elif not _still_waiting(outcome):
        payments.close_checkout(checkout, actor=actor, state="failed", error=outcome.error)


@on(PaymentRefundPlanned)
def send_refund(event: PaymentRefundPlanned, meta: Meta) -> None:
    """Have the provider send money back, once."""
    refund = Refund.objects.select_related("payment").get(pk=event.refund_id)
    if refund.state != "planned":
        return
    outcome = perform(refunds.effect_key(refund), lambda _claim: _refunded(refund))
    actor = Actor.system("stripe")
    if outcome.state == "done":
        refunds.record_refund_done(refund, actor=actor, external_id=outcome.external_id)
    elif not _still_waiting(outcome):
        refunds.record_refund_failed(refund, actor=actor, error=outcome.error)


@on(ProposalClosed)
def close_checkouts(event: ProposalClosed, meta: Meta) -> None:
    """Close the payment page of a proposal that no longer counts, so that nobody pays on it."""
    for checkout in Checkout.objects.filter(proposal_id=event.proposal_id, state__in=("planned", "open")):
        if checkout.mode == "stripe" and checkout.state == "planned":
            raise Postpone(10, "The payment page is being made.")
        if checkout.mode == "stripe" and settings.STRIPE_API_KEY:
            try:
                _stripe().close_page(checkout.external_id or "")
            except Rejected:
                continue  # It was paid or has expired; the webhook tells which.
            except RetryLater as later:
                raise Postpone(later.after or 60, str(later)) from later
        payments.close_checkout(checkout, actor=Actor.system("stripe"), state="expired")


def _page(checkout: Checkout) -> StripePage:
    proposal = checkout.proposal
    link = public_url("billing:public-proposal", token_of(proposal))
    return _stripe().open_page(
        key=f"checkout-{checkout.reference}",
        reference=checkout.reference,
        name=f"{proposal.reference}: {proposal.title}"[:200],
        amount_minor=checkout.amount_minor,
        currency=checkout.currency,
        email=proposal.contact.email or "",
        success_url=f"{link}?done=1",
        cancel_url=link,
        metadata={"proposal_id": str(proposal.pk), "lead_id": str(proposal.lead_id or "")},
    )


def _refunded(refund: Refund) -> str:
    payment = refund.payment
    if payment.provider != "stripe":
        return f"{payment.provider}-{refund.pk}"
    return _stripe().refund(
        key=f"refund-{refund.pk}-{payment.external_id}",
        payment_id=payment.external_id,
        amount_minor=refund.amount_minor,
    )


def _stripe() -> Stripe:
    return Stripe(settings.STRIPE_API_KEY, settings.STRIPE_API_BASE)


def _still_waiting(outcome: Outcome) -> bool:
    """Postpone while the effect waits; False when it ended without success."""
    if outcome.state == "waiting":
        raise Postpone(max(outcome.seconds, 1), outcome.error)
    return False
