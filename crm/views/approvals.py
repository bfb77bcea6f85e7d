"""Approvals: deals that a second person looks at."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

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
        "views": [("", gettext("Waiting")), ("decided", gettext("Decided"))],
        "chosen": chosen,
    }
    return page(request, "crm/approvals/list.html", context)


def _asked(approval: Approval) -> str:
    """What exactly is decided, in a sentence."""
    worth = format_money(Money(approval.value_minor, approval.currency))
    said = [f"{approval.deal.contact.name}, {worth}."]
    if approval.requested_by:
        said.append(gettext("Asked by %(person)s.") % {"person": approval.requested_by})
    return " ".join(filter(None, [*said, approval.note]))


approve = sheet(
    "deal.approve",
    approval_for,
    title=_("Approve {.deal.title}?"),
    submit=_("Approve"),
    message=_("Approved."),
    intro=_asked,
    goes="crm:approval-list",
)
reject = sheet(
    "deal.reject",
    approval_for,
    title=_("Reject {.deal.title}?"),
    submit=_("Reject"),
    message=_("Rejected. The owner is told why."),
    intro=_asked,
    goes="crm:approval-list",
    danger=True,
)
