"""Payments: make a page to pay on, believe only what matches it, and let everything follow."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Workspace
from billing.actions.invoices import issue_for
from billing.actions.proposals import facts
from billing.events import CheckoutClosed, CheckoutPlanned, PaymentNeedsReview, PaymentReceived
from billing.forms.payments import ReviewForm
from billing.models import Checkout, Payment, Proposal
from billing.queries.invoices import bill_of
from billing.values import PaymentNews
from core import clock, effects, tokens
from core.actions import action
from core.errors import Refused
from core.events import publish
from crm.actions.contacts import become_customer
from crm.actions.deals import win_deal
from crm.actions.leads import record_payment as record_lead_payment
from crm.models import Deal


@action("checkout.start", permission=None)
def start_checkout(proposal: Proposal, *, actor: Actor) -> Checkout:
    """Plan the page on which an accepted proposal is paid; a live one is returned as it is.

    With a Stripe key it is made after the commit, under this row's reference as idempotency key;
    without one it is the sandbox, which production refuses. Publishes CheckoutPlanned.
    """
    if is_settled(proposal):
        raise Refused(_("This proposal is paid already."))
    if proposal.state != "accepted":
        raise Refused(_("Accept the proposal first, then pay."))
    live = proposal.checkouts.filter(state__in=Checkout.LIVE).first()
    if live is not None and is_usable(live):
        return live
    if live is not None:
        close_checkout(live, actor=actor, state="expired")
    if not settings.STRIPE_API_KEY and not sandbox_allowed():
        raise Refused(_("Paying online is not set up yet. We will contact you about the payment."))
    checkout = Checkout(
        proposal=proposal,
        mode="stripe" if settings.STRIPE_API_KEY else "sandbox",
        reference=tokens.opaque(),
        amount_minor=proposal.total_minor,
        currency=proposal.currency,
    )
    if checkout.mode == "sandbox":
        checkout.external_id = f"cs_sandbox_{checkout.reference}"
        checkout.record_open()
    checkout.save()
    if checkout.mode == "stripe":
        subject = ("checkout", checkout.pk)
        effects.plan(effect_key(checkout), kind="checkout", subject=subject, repeatable=True)
    publish(CheckoutPlanned(checkout.pk, proposal.pk, proposal.contact_id), actor=actor)
    return checkout


@action("checkout.record_open", permission=None)
def record_checkout_open(
    checkout: Checkout, *, actor: Actor, external_id: str, url: str, expires_at: datetime | None = None
) -> Checkout:
    """Note the address of the page that was made; an expiry that lies in the past is no expiry."""
    if expires_at is not None and expires_at <= clock.now():
        expires_at = None
    if checkout.state == "planned":
        checkout.record_open()
        checkout.store("state", external_id=external_id, url=url, expires_at=expires_at)
    return checkout


@action("checkout.close", permission=None)
def close_checkout(checkout: Checkout, *, actor: Actor, state: str, error: str = "") -> Checkout:
    """Note that a page expired or failed; late news about a paid one changes nothing.

    Publishes CheckoutClosed.
    """
    open_states = ("planned", "open") if state == "expired" else Checkout.LIVE
    if checkout.state not in open_states:
        return checkout
    if state == "expired":
        checkout.expire()
    else:
        checkout.fail()
    checkout.store("state", error=error[:255])
    named = (checkout.pk, checkout.proposal_id, checkout.proposal.contact_id)
    publish(CheckoutClosed(*named, state=state), actor=actor)
    return checkout


@action("checkout.record_confirming", permission=None)
def record_confirming(checkout: Checkout, *, actor: Actor) -> Checkout:
    """Note that the customer paid by a method which the bank confirms later."""
    if checkout.state in {"planned", "open"}:
        checkout.record_confirming()
        checkout.store("state")
    return checkout


@action("payment.settle", permission=None)
def settle_checkout(checkout: Checkout, *, actor: Actor, news: PaymentNews) -> Payment:
    """Record verified money for our own payment page, once, and let everything follow from it.

    - Amount, currency, mode, session and live mode must be the page's; the proposal accepted; the
      lead (converted, PROPOSAL_SENT); an invoice that the deal has, unpaid and over the same sum.
      Otherwise the money is recorded as "needs review".
    - Lead PAID, proposal paid, invoice issued, deal won, contact customer, in this transaction.
    - A deal that still waits for a manager's approval stays open; the payment says so.
    Publishes PaymentReceived, or PaymentNeedsReview.
    """
    known = _known(news)
    if known is not None:
        return known
    proposal = Proposal.objects.select_for_update(no_key=True).get(pk=checkout.proposal_id)
    problems = _problems(checkout, proposal, news)
    payment = _payment(
        news, checkout=checkout, proposal=proposal, deal=proposal.deal, lead=proposal.lead, contact=proposal.contact
    )
    if problems:
        return _set_aside(payment, " ".join(problems), actor)
    checkout.record_paid()
    checkout.store("state")
    payment.save()
    proposal.record_paid()
    proposal.store("state")
    if proposal.lead is not None:
        record_lead_payment(proposal.lead, actor=actor)
    invoice = issue_for(proposal.deal, actor=actor, proposal=proposal, payment=payment)
    become_customer(proposal.contact, actor=actor)
    _win(payment, actor)
    publish(
        PaymentReceived(
            **facts(proposal),
            payment_id=payment.pk,
            invoice_id=invoice.pk,
            amount_minor=payment.amount_minor,
            currency=payment.currency,
        ),
        actor=actor,
    )
    return payment


@action("payment.record_stray", permission=None)
def record_stray_payment(*, actor: Actor, news: PaymentNews, reason: str) -> Payment:
    """Record money that belongs to no page of ours, for a person to look at.

    Publishes PaymentNeedsReview.
    """
    known = _known(news)
    if known is not None:
        return known
    return _set_aside(_payment(news), reason, actor)


@action("payment.finish_win", permission=None)
def finish_pending_win(payment: Payment, *, actor: Actor) -> Payment:
    """Win the deal of a payment that came before the manager's approval."""
    if payment.is_win_pending:
        _win(payment, actor)
    return payment


@action("payment.review", permission="payment:update", form=ReviewForm)
def review_payment(payment: Payment, *, actor: Actor, note: str) -> Payment:
    """Close the question about a payment that fitted nothing, with what was found out."""
    if not payment.needs_review:
        raise Refused(_("This payment needs no review."))
    payment.store(
        needs_review=False,
        review_reason=f"{payment.review_reason} {note}"[:500],
        reviewed_at=clock.now(),
        reviewed_by=actor.user,
    )
    return payment


def is_settled(proposal: Proposal) -> bool:
    """Return whether there is nothing left to pay: by its page, or because its deal's invoice is paid."""
    bill = bill_of(proposal.deal)
    return proposal.state == "paid" or (bill is not None and bill.state == "paid")


def is_usable(checkout: Checkout) -> bool:
    """Return whether a live page still leads to a payment: not past its time, no orphaned sandbox."""
    if checkout.mode == "sandbox":
        return sandbox_allowed()
    past = checkout.expires_at is not None and checkout.expires_at < clock.now()
    return not (checkout.state == "open" and past)


def effect_key(checkout: Checkout) -> str:
    """Return the key under which the ledger of outward effects knows a payment page."""
    return f"checkout:{checkout.pk}"


def sandbox_allowed() -> bool:
    """Return whether the sandbox stands in for Stripe: not in production, not beside a key."""
    return settings.CRM_PROFILE != "production" and not settings.STRIPE_API_KEY


def _known(news: PaymentNews) -> Payment | None:
    return Payment.objects.filter(provider=news.provider, external_id=news.payment_id).first()


def _payment(news: PaymentNews, **belongs: Any) -> Payment:
    return Payment(
        provider=news.provider,
        external_id=news.payment_id,
        amount_minor=news.amount_minor,
        currency=news.currency,
        livemode=news.livemode,
        paid_at=news.at,
        **belongs,
    )


def _problems(checkout: Checkout, proposal: Proposal, news: PaymentNews) -> list[str]:
    """Return every reason why this money is not simply the payment of this page."""
    lead, bill = proposal.lead, bill_of(proposal.deal)
    found = {
        "It came through another provider than the page.": news.provider != checkout.mode,
        "It belongs to another session.": news.session_id != checkout.external_id,
        "It is not a single payment.": news.mode != "payment",
        "The amount is not the one asked for.": news.amount_minor != checkout.amount_minor
        or checkout.amount_minor != proposal.total_minor,
        "The currency is not the one asked for.": news.currency != checkout.currency,
        "Test and live payments do not mix.": news.livemode != _expects_live(news.provider),
        "The page was paid already.": checkout.state == "paid",
        f"The proposal is {proposal.get_state_display().lower()}.": proposal.state != "accepted",
        "The invoice was paid already.": bill is not None and bill.state == "paid",
        "The invoice says another sum.": bill is not None
        and (bill.total_minor, bill.currency) != (proposal.total_minor, proposal.currency),
        "The deal is closed without a win.": proposal.deal.status in {"lost", "abandoned"},
        "The lead was not waiting for a payment.": lead is not None
        and (lead.status, lead.stage) != ("converted", "PROPOSAL_SENT"),
        "The sandbox is switched off.": news.provider == "sandbox" and not sandbox_allowed(),
    }
    return [reason for reason, is_wrong in found.items() if is_wrong]


def _expects_live(provider: str) -> bool:
    return provider == "stripe" and settings.STRIPE_API_KEY.startswith(("sk_live_", "rk_live_"))


def _set_aside(payment: Payment, reason: str, actor: Actor) -> Payment:
    payment.needs_review, payment.review_reason = True, reason[:500]
    payment.save()
    named = (payment.pk, payment.deal_id, payment.contact_id)
    publish(PaymentNeedsReview(*named, reason=reason[:500]), actor=actor)
    return payment


def _win(payment: Payment, actor: Actor) -> None:
    """Win the payment's deal; without the approval that it needs it stays open, marked."""
    deal = Deal.objects.filter(payments=payment).first()
    if deal is not None and deal.status == "open":
        today = clock.today(Workspace.current().timezone)
        try:
            win_deal(deal, actor=actor, closed_on=today)
        except Refused:
            payment.store(is_win_pending=True)
            return
    if payment.is_win_pending:
        payment.store(is_win_pending=False)
