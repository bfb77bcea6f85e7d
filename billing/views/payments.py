"""Pages of payments: where finance lands."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

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
    text = gettext("Leave the amount empty to refund %(kept)s. It goes back outside this product.")
    if payment.provider == "stripe":
        text = gettext("Leave the amount empty to refund %(kept)s. It goes back through Stripe.")
    elif payment.provider == "sandbox":
        text = gettext("Leave the amount empty to refund %(kept)s. It goes back in the sandbox, where no money moves.")
    return text % {"kept": payment.kept}


refund = sheet(
    "payment.refund",
    payment_for,
    title=_("Refund {.kept}"),
    submit=_("Refund"),
    message=_("The refund is on its way."),
    intro=_refund_words,
    danger=True,
)
review = sheet(
    "payment.review",
    payment_for,
    title=_("Reviewed"),
    submit=_("Save note"),
    message=_("Noted. This payment needs no more review."),
    intro=lambda payment: payment.review_reason,
)
