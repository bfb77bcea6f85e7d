"""Pages of payments: where finance lands."""

from django.http import HttpRequest, HttpResponse

from accounts.listing import export_page, list_page
from billing.links import public_url, token_of
from billing.lists import PAYMENTS
from billing.models import Payment
from billing.queries.payments import payment_for, payment_sums, waiting_checkouts
from core.doors import door
from core.money import Money
from core.pages import page
from crm.sheets import sheet

list_ = list_page(
    PAYMENTS,
    sums=lambda actor: [Money(row["minor"], row["currency"]) for row in payment_sums(actor)],
    waiting=lambda actor: [
        (checkout, public_url("billing:public-pay", token_of(checkout.proposal)))
        for checkout in waiting_checkouts(actor).order_by("-pk")[:20]
    ],
)
export = export_page(PAYMENTS)


@door("payment:read")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One payment, its refunds and what they belong to."""
    payment = payment_for(request.actor, pk)
    context = {
        "payment": payment,
        "refunds": payment.refunds.select_related("requested_by").order_by("-pk"),
        "can_refund": request.actor.can("payment:refund", payment),
        "can_review": request.actor.can("payment:update", payment),
    }
    return page(request, "billing/payments/detail.html", context)


def _refund_words(payment: Payment) -> str:
    where = "through Stripe" if payment.provider == "stripe" else "outside this product"
    if payment.provider == "sandbox":
        where = "in the sandbox, where no money moves"
    return f"Leave the amount empty to refund {payment.kept}. It goes back {where}."


refund = sheet(
    "payment.refund",
    payment_for,
    title="Refund {.kept}",
    submit="Refund",
    message="The refund is on its way.",
    intro=_refund_words,
    danger=True,
)
review = sheet(
    "payment.review",
    payment_for,
    title="Reviewed",
    submit="Save note",
    message="Noted. This payment needs no more review.",
    intro=lambda payment: payment.review_reason,
)
