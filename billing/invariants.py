"""What must hold about money, whatever happened (`manage.py check_invariants`)."""

from django.db.models import Count, F, Max, Q

from billing.models import Checkout, Counter, Invoice, Payment, Proposal
from billing.queries.proposals import content_digest
from core.registry import register_invariant


def paid_pages_have_one_payment() -> list[str]:
    """Return payment pages whose payments or invoices are not exactly one."""
    counted = Checkout.objects.filter(state="paid").annotate(
        payments_count=Count("payments", filter=Q(payments__needs_review=False, payments__reviewed_at=None)),
        invoices_count=Count("payments__invoice"),
    )
    wrong = [
        f"checkout {row.pk} has {row.payments_count} payments and {row.invoices_count} invoices"
        for row in counted.exclude(payments_count=1, invoices_count=1)
    ]
    loose = Payment.objects.filter(needs_review=False, reviewed_at=None, invoice=None, checkout__isnull=False)
    return wrong + [f"payment {pk} has no invoice" for pk in loose.values_list("pk", flat=True)]


def paid_leads_have_a_payment() -> list[str]:
    """Return paid proposals without a payment, and leads that are PAID without one."""
    proposals = Proposal.objects.filter(state="paid", payments=None)
    leads = Proposal.objects.filter(lead__stage="PAID").exclude(lead__payments__needs_review=False)
    return [
        *(f"proposal {pk} is paid without a payment" for pk in proposals.values_list("pk", flat=True)),
        *(f"lead {pk} is PAID without a payment" for pk in leads.values_list("lead", flat=True)),
    ]


def refunds_fit() -> list[str]:
    """Return payments that were refunded by more than they brought."""
    rows = Payment.objects.filter(Q(refunded_minor__gt=F("amount_minor")) | Q(refunded_minor__lt=0))
    return [f"payment {pk} was refunded beyond its amount" for pk in rows.values_list("pk", flat=True)]


def invoice_numbers_have_no_gap() -> list[str]:
    """Return years whose invoice numbers are not 1, 2, 3 and so on."""
    wrong = []
    years = Invoice.objects.values("year").annotate(n=Count("pk"), last=Max("sequence"))
    for row in years.order_by("year"):
        series = f"invoice {row['year']}"
        counter = Counter.objects.filter(series=series).values_list("last", flat=True).first()
        if row["n"] != row["last"] or counter != row["last"]:
            wrong.append(f"{series}: {row['n']} invoices, last {row['last']}, counter {counter}")
    return wrong


def signatures_match() -> list[str]:
    """Return proposals whose content is not what was signed."""
    signed = Proposal.objects.exclude(accepted_digest="").prefetch_related("lines")
    return [
        f"proposal {row.pk} differs from what was signed"
        for row in signed.iterator(chunk_size=200)
        if content_digest(row) != row.accepted_digest
    ]


register_invariant("I4", "Each paid page has one payment and one invoice.", paid_pages_have_one_payment)
register_invariant("I4a", "Nobody is PAID without a payment.", paid_leads_have_a_payment)
register_invariant("I4b", "No payment is refunded beyond its amount.", refunds_fit)
register_invariant("I4c", "What was signed is what is stored.", signatures_match)
register_invariant("I5", "Invoice numbers have no gap.", invoice_numbers_have_no_gap)
