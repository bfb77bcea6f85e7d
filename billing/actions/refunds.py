"""Refunds: decided by a person, done at the provider with our key, confirmed by its answer."""

from decimal import Decimal

from django.db.models import Sum
from django.utils.translation import gettext as _

from accounts.actor import Actor
from billing.events import PaymentRefunded, PaymentRefundPlanned
from billing.forms.payments import RefundForm
from billing.models import Payment, Refund
from core import effects
from core.actions import action
from core.errors import Invalid, Refused
from core.events import publish
from core.money import Money


@action("payment.refund", permission="payment:refund", form=RefundForm)
def refund_payment(payment: Payment, *, actor: Actor, reason: str, amount: Decimal | None = None) -> Refund:
    """Decide to send money back; it leaves after the commit. Publishes PaymentRefundPlanned."""
    if payment.refunds.filter(state="planned").exists():
        raise Refused(_("A refund is on its way already. Wait until it is done."))
    if payment.kept.minor <= 0:
        raise Refused(_("All of this payment was refunded already."))
    wanted = Money.of(amount, payment.currency) if amount else payment.kept
    if amount is not None and wanted.minor <= 0:
        raise Invalid({"amount": [_("Enter more than 0.")]})
    if wanted.minor > payment.kept.minor:
        raise Invalid({"amount": [_("At most %(kept)s can go back.") % {"kept": payment.kept}]})
    refund = Refund.objects.create(payment=payment, amount_minor=wanted.minor, reason=reason, requested_by=actor.user)
    effects.plan(effect_key(refund), kind="refund", subject=("refund", refund.pk), repeatable=True)
    publish(PaymentRefundPlanned(payment.pk, refund.pk, payment.contact_id), actor=actor)
    return refund


@action("refund.record_done", permission=None)
def record_refund_done(refund: Refund, *, actor: Actor, external_id: str) -> Refund:
    """Note that the provider took a refund."""
    if refund.state == "planned":
        refund.record_done()
        refund.store("state", external_id=external_id)
        done = refund.payment.refunds.filter(state="done").aggregate(sum=Sum("amount_minor"))
        record_refunded(refund.payment, actor=actor, refunded_minor=done["sum"])
    return refund


@action("refund.record_failed", permission=None)
def record_refund_failed(refund: Refund, *, actor: Actor, error: str) -> Refund:
    """Note that the provider refused a refund; the money stays."""
    if refund.state == "planned":
        refund.record_failed()
        refund.store("state", error=error[:255])
    return refund


@action("payment.record_refunded", permission=None)
def record_refunded(payment: Payment, *, actor: Actor, refunded_minor: int) -> Payment:
    """Take over the refunded total, ours or the provider's; an older, smaller one changes nothing.

    Publishes PaymentRefunded when the total grew.
    """
    total = min(refunded_minor, payment.amount_minor)
    if total <= payment.refunded_minor:
        return payment
    grown = total - payment.refunded_minor
    is_full = total == payment.amount_minor
    if is_full:
        payment.refund_all()
    else:
        payment.refund_part()
    payment.store("state", refunded_minor=total)
    named = (payment.pk, payment.deal_id, payment.contact_id)
    happened = PaymentRefunded(*named, grown, payment.currency, is_full=is_full)
    publish(happened, actor=actor)
    return payment


def effect_key(refund: Refund) -> str:
    """Return the key under which the ledger of outward effects knows a refund."""
    return f"refund:{refund.pk}"
