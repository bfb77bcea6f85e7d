"""What other pages show about money, as fragments that they fetch by address."""

from django.http import HttpRequest, HttpResponse

from billing.actions.sending import wants_approval
from billing.queries.proposals import money_of
from core.doors import door
from core.pages import page
from crm.models import Deal, Lead
from crm.queries.deals import deal_for
from crm.queries.leads import lead_for


@door("lead:read")
def lead_panel(request: HttpRequest, pk: int) -> HttpResponse:
    """Proposal, payment and invoice of a lead."""
    lead = lead_for(request.actor, pk)
    return _panel(request, lead.converted_deal, lead)


@door("deal:read")
def deal_panel(request: HttpRequest, pk: int) -> HttpResponse:
    """Proposal, payment and invoice of a deal."""
    deal = deal_for(request.actor, pk)
    return _panel(request, deal, deal.lead)


def _panel(request: HttpRequest, deal: Deal | None, lead: Lead | None) -> HttpResponse:
    actor = request.actor
    money = money_of(actor, deal)
    proposal = money["proposal"]
    context = {
        **money,
        "deal": deal,
        "lead": lead,
        "needs_approval": bool(proposal and proposal.state == "draft" and wants_approval(proposal)),
        "can_create": bool(actor.can("proposal:create", deal or lead)),
        "can_send": bool(proposal and actor.can("proposal:send", proposal)),
        "can_issue": bool(deal and deal.status == "won" and actor.can("invoice:issue", deal)),
    }
    return page(request, "billing/panel.html", context)
