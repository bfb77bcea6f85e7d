"""Approvals: deals that a second person looks at."""

from django.http import HttpRequest, HttpResponse

from core.doors import door
from core.money import Money, format_money
from core.pages import page, paginate
from crm.models import Approval
from crm.queries.approvals import approval_for, approvals_for
from crm.sheets import sheet


@door("deal:approve")
def list_(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, and what was decided."""
    chosen = request.GET.get("view", "")
    seen = approvals_for(request.actor)
    seen = seen.exclude(state="pending") if chosen == "decided" else seen.filter(state="pending")
    context = {
        "rows": paginate(seen, request.GET.get("cursor", "")),
        "views": [("", "Waiting"), ("decided", "Decided")],
        "chosen": chosen,
    }
    return page(request, "crm/approvals/list.html", context)


def _asked(approval: Approval) -> str:
    """What exactly is decided, in a sentence."""
    worth = format_money(Money(approval.value_minor, approval.currency))
    by = f" Asked by {approval.requested_by}." if approval.requested_by else ""
    note = f" {approval.note}" if approval.note else ""
    return f"{approval.deal.contact.name}, {worth}.{by}{note}"


approve = sheet(
    "deal.approve",
    approval_for,
    title="Approve {.deal.title}?",
    submit="Approve",
    message="Approved.",
    intro=_asked,
    goes="crm:approval-list",
)
reject = sheet(
    "deal.reject",
    approval_for,
    title="Reject {.deal.title}?",
    submit="Reject",
    message="Rejected. The owner is told why.",
    intro=_asked,
    goes="crm:approval-list",
    danger=True,
)
