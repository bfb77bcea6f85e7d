"""Pages of proposals, for us."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.listing import export_page, list_page
from accounts.models import Workspace
from billing.actions.sending import wants_approval
from billing.forms.proposals import DraftProposalForm, ReviseProposalForm, lines_from_post
from billing.links import public_url, token_of
from billing.lists import PROPOSALS
from billing.models import Proposal
from billing.models.proposal import CLOSED
from billing.queries.proposals import catalog, deal_proposal, last_checkout, lines_to_edit, printed, proposal_for
from billing.texts import TERMS
from billing.views.documents import document
from core.actions import CATALOGUE, run
from core.doors import door
from core.errors import Invalid, Refused
from core.pages import done, page
from crm.models import Deal, Lead
from crm.queries.deals import deal_for
from crm.queries.leads import lead_for
from crm.sheets import add_errors, sheet

BOTH = ("GET", "HEAD", "POST")
list_ = list_page(PROPOSALS)
export = export_page(PROPOSALS)


@door("proposal:read")
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A proposal as the customer sees it, with what may be done about it."""
    proposal = proposal_for(request.actor, pk)
    token = token_of(proposal)
    context = {
        **printed(proposal),
        "checkout": last_checkout(proposal),
        "payments": proposal.payments.order_by("pk"),
        "link": public_url("billing:public-proposal", token) if token else "",
        "needs_approval": proposal.state == "draft" and wants_approval(proposal),
        "can_create": request.actor.can("proposal:create", proposal),
        "can_send": request.actor.can("proposal:send", proposal),
    }
    return page(request, "billing/proposals/detail.html", context)


@door("proposal:create", methods=BOTH)
def new(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a proposal for a lead; one that exists is opened instead."""
    lead = lead_for(request.actor, pk)
    request.actor.require("proposal:create", lead)
    deal = lead.converted_deal
    return _new(request, lead, deal, lead.currency or Workspace.current().currency)


@door("proposal:create", methods=BOTH)
def new_for_deal(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a proposal for a deal; one that exists is opened instead."""
    deal = deal_for(request.actor, pk)
    request.actor.require("proposal:create", deal)
    return _new(request, deal, deal, deal.currency)


@door("proposal:create", methods=BOTH)
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a draft."""
    proposal = proposal_for(request.actor, pk)
    request.actor.require("proposal:create", proposal)
    if not proposal.is_editable:
        raise Refused(gettext("This proposal is out of your hands. Make a new version to change it."))
    columns = ("title", "summary", "valid_until", "terms", "version")
    return _form(
        request,
        "proposal.revise",
        proposal,
        form_class=ReviseProposalForm,
        initial={name: getattr(proposal, name) for name in columns},
        currency=proposal.currency,
        rows=lines_to_edit(proposal.lines.all(), proposal.currency),
        heading=gettext("Edit %(reference)s") % {"reference": proposal.reference},
        back=proposal.get_absolute_url(),
    )


@door("proposal:read")
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The proposal on paper."""
    proposal = proposal_for(request.actor, pk)
    name = f"Proposal {proposal.reference}"
    context = printed(proposal)
    return document(request, proposal.pdf_path, "pdf/proposal.html", context, name)


def _press(name: str, message: str, *, in_panel: bool = True) -> Any:
    """Make the view of a verb that needs no more than being asked, on its page or in a lead's panel."""

    @door(CATALOGUE[name].permission or "", methods=("POST",))
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        made = run(name, proposal_for(request.actor, pk), actor=request.actor, data={})
        stays = in_panel and request.headers.get("HX-Target", "").endswith("-billing")
        said = message.format(made.reference)
        return done(request, made, said, event="lead-changed" if stays else "")

    return view


send = _press("proposal.send", _("Proposal {} is on its way."))
approval = _press("proposal.ask_approval", _("A manager was asked to approve {}."))
replace = _press("proposal.replace", _("{} is ready to edit."), in_panel=False)
withdraw = sheet(
    "proposal.withdraw",
    proposal_for,
    title=_("Withdraw {.reference}"),
    submit=_("Withdraw proposal"),
    message=lambda proposal: gettext("Proposal %(reference)s is withdrawn.") % {"reference": proposal.reference},
    intro=_("Its page tells the customer that it no longer counts."),
    danger=True,
)


def _new(request: HttpRequest, subject: Lead | Deal, deal: Deal | None, currency: str) -> HttpResponse:
    found = deal_proposal(deal) if deal else None
    if found is not None and found.state not in CLOSED:
        return HttpResponseRedirect(found.get_absolute_url())
    action = "proposal.draft_for_lead" if isinstance(subject, Lead) else "proposal.draft"
    return _form(
        request,
        action,
        subject,
        form_class=DraftProposalForm,
        initial={"title": deal.title if deal else subject.title, "terms": TERMS},
        currency=deal.currency if deal else currency,
        rows=lines_to_edit(deal.lines.order_by("order", "pk") if deal else (), currency),
        heading=gettext("Proposal for %(contact)s") % {"contact": subject.contact.name},
        back=subject.get_absolute_url(),
    )


def _form(
    request: HttpRequest,
    action: str,
    subject: Lead | Deal | Proposal,
    *,
    form_class: type[DraftProposalForm] | type[ReviseProposalForm],
    initial: dict[str, Any],
    currency: str,
    rows: list[dict[str, Any]],
    heading: str,
    back: str,
) -> HttpResponse:
    """Show the editor, or carry out the action; "more" only adds empty lines."""
    form: Any = form_class(initial=initial)
    status = 200
    if request.method == "POST":
        rows = lines_from_post(request.POST, currency)
        data = {**request.POST.dict(), "lines": rows}
        form = form_class(data)
        if "more" in request.POST:
            form = form_class(initial=data)
        else:
            try:
                made = run(action, subject, actor=request.actor, data=data)
            except Invalid as error:
                status = error.status
                add_errors(form, error.errors)
            except Refused as error:
                status = error.status
                form.add_error(None, error.message)
            else:
                return done(request, made, gettext("%(reference)s is saved.") % {"reference": made.reference})
    context = {
        "form": form,
        "heading": heading,
        "back": back,
        "items": catalog(currency),
        "currency": currency,
        "rows": [*rows, *({} for _ in range(2 if rows else 3))],
    }
    return page(request, "billing/proposals/form.html", context, status=status)
