"""Reading what Stripe, or the sandbox, delivered: believed only where our own rows match."""

from datetime import timedelta

from accounts.actor import Actor
from billing.actions import payments, refunds
from billing.models import Checkout, Payment
from billing.values import PaymentNews
from core import clock
from core.events import Meta, Postpone, on
from outreach.actions.hooks import close_receipt
from outreach.connectors.stripe import BadEvent, StripeEvent, read_event
from outreach.events import HookReceived
from outreach.models import Receipt

PROVIDERS = {"stripe": "stripe", "stripe-sandbox": "sandbox"}
PATIENCE = timedelta(minutes=10)
PAID_EVENTS = ("checkout.session.completed", "checkout.session.async_payment_succeeded")
CLOSING_EVENTS = {"checkout.session.expired": "expired", "checkout.session.async_payment_failed": "failed"}


@on(HookReceived)
def read_payment_event(event: HookReceived, meta: Meta) -> None:
    """Apply one stored event, and close its receipt with what became of it.

    An event about a page or payment that we do not know yet waits up to ten minutes for it: the
    news may arrive before our own call has returned, or events in any order.
    """
    if event.vendor not in PROVIDERS:
        return
    receipt = Receipt.objects.get(pk=event.receipt_id)
    if receipt.state != "stored":
        return
    actor = Actor.system(PROVIDERS[event.vendor], via="hook")
    try:
        news = read_event(receipt.body)
    except BadEvent as error:
        close_receipt(receipt, actor=actor, state="failed", note=str(error))
        return
    state, note = _apply(news, PROVIDERS[event.vendor], receipt, actor)
    close_receipt(receipt, actor=actor, state=state, note=note)


def _apply(news: StripeEvent, provider: str, receipt: Receipt, actor: Actor) -> tuple[str, str]:
    if news.type in PAID_EVENTS:
        return _paid(news, provider, receipt, actor)
    if news.type in CLOSING_EVENTS:
        checkout = _checkout(news, receipt)
        if checkout is None:
            return "ignored", "No page of ours."
        state = CLOSING_EVENTS[news.type]
        payments.close_checkout(checkout, actor=actor, state=state, error=_why(state))
        return "done", state
    if news.type == "charge.refunded":
        return _refunded(news, provider, receipt, actor)
    return "ignored", f"Nothing follows from {news.type}."[:255]


def _paid(news: StripeEvent, provider: str, receipt: Receipt, actor: Actor) -> tuple[str, str]:
    checkout = _checkout(news, receipt)
    if news.payment_status not in {"paid", "no_payment_required"}:
        if checkout is None:
            return "ignored", "No page of ours, and not paid yet."
        payments.record_confirming(checkout, actor=actor)
        return "done", "The bank confirms later."
    said = PaymentNews(
        provider=provider,
        payment_id=news.payment_id,
        session_id=news.object_id,
        amount_minor=news.amount_minor,
        currency=news.currency,
        livemode=news.livemode,
        mode=news.mode,
        at=news.at,
    )
    if checkout is None:
        reason = "It belongs to no payment page of ours."
        payment = payments.record_stray_payment(actor=actor, news=said, reason=reason)
    else:
        payment = payments.settle_checkout(checkout, actor=actor, news=said)
    return "done", payment.review_reason if payment.needs_review else "paid"


def _refunded(news: StripeEvent, provider: str, receipt: Receipt, actor: Actor) -> tuple[str, str]:
    payment = Payment.objects.filter(provider=provider, external_id=news.payment_id).first()
    if payment is None:
        _wait(receipt, "The payment is not known yet.")
        return "ignored", "A refund of a payment that never came here."
    if news.currency != payment.currency:
        return "failed", "The refund is in another currency."
    refunds.record_refunded(payment, actor=actor, refunded_minor=news.refunded_minor)
    return "done", "refunded"


def _checkout(news: StripeEvent, receipt: Receipt) -> Checkout | None:
    """Return our page of a session; one that is still being made is waited for."""
    found = Checkout.objects.filter(external_id=news.object_id).first()
    if found is not None:
        return found
    planned = Checkout.objects.filter(reference=news.reference or "-").first()
    if planned is not None and not planned.external_id:
        _wait(receipt, "Our own call for this page has not returned yet.")
    return planned


def _wait(receipt: Receipt, reason: str) -> None:
    """Postpone while the receipt is young."""
    if clock.now() - receipt.received_at < PATIENCE:
        raise Postpone(5, reason)


def _why(state: str) -> str:
    return "Nobody paid in time." if state == "expired" else "The bank refused the payment."
