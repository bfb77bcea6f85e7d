"""Writing proposals: draft, revise, get approved, withdraw, replace, expire."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from accounts.actor import Actor
from accounts.models import Workspace
from billing.actions.numbers import next_number
from billing.events import ProposalApprovalAsked, ProposalApproved, ProposalChanged, ProposalClosed, ProposalDrafted
from billing.forms.proposals import DraftProposalForm, ReasonForm, ReviseProposalForm
from billing.models import Proposal, ProposalLine
from billing.models.proposal import CLOSED
from billing.texts import TERMS, tax_name
from billing.totals import totals
from billing.values import Line, copied
from core import clock
from core.actions import action
from core.errors import Invalid, Refused
from core.events import publish
from core.money import times
from crm.actions.approvals import request_approval
from crm.actions.deals import set_lines
from crm.actions.leads import convert_lead
from crm.models import Deal, Item, Lead


@action("proposal.draft", permission="proposal:create", form=DraftProposalForm)
def draft_proposal(
    deal: Deal,
    *,
    actor: Actor,
    lines: Sequence[Line],
    title: str = "",
    summary: str = "",
    terms: str = "",
    valid_until: date | None = None,
    written_by: str = "person",
    confidence: float | None = None,
    sources: Sequence[str] = (),
) -> Proposal:
    """Write the first proposal of a deal.

    The deal's lines and value follow it. Machines may use catalog items at catalog prices only.
    Publishes ProposalDrafted.
    """
    refuse_unless_proposable(deal)
    if Proposal.objects.current().filter(deal=deal).exists():
        raise Refused(_("This deal has a proposal already. Edit it, or make a new version."))
    workspace = Workspace.current()
    year = clock.today(workspace.timezone).year
    last = Proposal.objects.filter(deal=deal).order_by("-revision").first()
    proposal = Proposal(
        deal=deal,
        lead=deal.lead,
        contact=deal.contact,
        number=last.number if last else f"P-{year}-{next_number(f'proposal {year}'):04d}",
        revision=last.revision + 1 if last else 1,
        currency=deal.currency,
        tax_name=tax_name(workspace.country),
        tax_rate_bp=workspace.tax_rate_bp,
        written_by=written_by,
        confidence=confidence,
        sources=list(sources)[:10],
        created_by=actor.user,
    )
    _write(proposal, title or deal.title, summary, terms or TERMS, valid_until)
    proposal.save()
    _put_lines(proposal, lines, actor)
    publish(ProposalDrafted(**facts(proposal), written_by=written_by), actor=actor)
    return proposal


@action("proposal.draft_for_lead", permission="proposal:create", form=DraftProposalForm)
def draft_for_lead(lead: Lead, *, actor: Actor, **words: Any) -> Proposal:
    """Write the first proposal of a lead, which is converted first where that has not happened.

    Takes what `draft_proposal` takes.
    """
    refuse_by_stage(lead)
    if lead.status != "converted":
        lead = convert_lead(lead, actor=actor)
    if lead.converted_deal is None:
        raise Refused(_("The deal of this lead was deleted. Make a new one first."))
    return draft_proposal(lead.converted_deal, actor=actor, **words)


@action("proposal.revise", permission="proposal:create", form=ReviseProposalForm)
def revise_proposal(
    proposal: Proposal,
    *,
    actor: Actor,
    title: str,
    lines: Sequence[Line],
    summary: str = "",
    terms: str = "",
    valid_until: date | None = None,
    version: int | None = None,
) -> Proposal:
    """Change a draft. An approval that was given no longer holds. Publishes ProposalChanged."""
    proposal.check_version(version)
    if not proposal.is_editable:
        raise Refused(_("This proposal is out of your hands. Make a new version to change it."))
    refuse_unless_proposable(proposal.deal)
    _put_lines(proposal, lines, actor)
    _write(proposal, title, summary, terms, valid_until)
    if proposal.state == "approved":
        proposal.back_to_draft()
    proposal.store("state", "title", "summary", "terms", "valid_until", pdf_path="", send_error="")
    publish(ProposalChanged(**facts(proposal)), actor=actor)
    return proposal


@action("proposal.ask_approval", permission="proposal:create")
def ask_approval(proposal: Proposal, *, actor: Actor) -> Proposal:
    """Ask a manager for the yes that a large proposal needs. Publishes ProposalApprovalAsked."""
    if proposal.state != "draft" or proposal.queued_at:
        raise Refused(_("Only a draft can be sent for approval."))
    request_approval(proposal.deal, actor=actor)
    proposal.ask_approval()
    proposal.store("state")
    publish(ProposalApprovalAsked(**facts(proposal)), actor=actor)
    return proposal


@action("proposal.record_decision", permission=None)
def record_decision(proposal: Proposal, *, actor: Actor, approved: bool, reason: str = "") -> Proposal:
    """Follow the manager's answer: approved, or back to draft with the reason.

    Publishes ProposalApproved for a yes.
    """
    if proposal.state != "pending_approval":
        return proposal
    if approved:
        proposal.approve()
        publish(ProposalApproved(**facts(proposal)), actor=actor)
    else:
        proposal.back_to_draft()
    proposal.store("state", closed_reason=reason[:500])
    return proposal


@action("proposal.withdraw", permission="proposal:create", form=ReasonForm)
def withdraw_proposal(proposal: Proposal, *, actor: Actor, reason: str = "") -> Proposal:
    """Take a proposal back; its page says so. Publishes ProposalClosed."""
    refuse_while_paying(proposal)
    if proposal.state == "paid" or proposal.state in CLOSED:
        raise Refused(_("This proposal is %(state)s already.") % {"state": proposal.get_state_display().lower()})
    proposal.withdraw()
    proposal.store("state", closed_reason=reason, queued_at=None)
    publish(ProposalClosed(**facts(proposal), state="withdrawn"), actor=actor)
    return proposal


@action("proposal.replace", permission="proposal:create")
def replace_proposal(proposal: Proposal, *, actor: Actor) -> Proposal:
    """Start a new version from this one; the old page points the customer to us.

    Publishes ProposalClosed for the old one and ProposalDrafted for the new one.
    """
    refuse_while_paying(proposal)
    if proposal.state in {"paid", "replaced"}:
        raise Refused(_("This proposal is %(state)s already.") % {"state": proposal.get_state_display().lower()})
    refuse_unless_proposable(proposal.deal)
    lines = [copied(line) for line in proposal.lines.all()]
    proposal.replace()
    proposal.store("state", queued_at=None)
    publish(ProposalClosed(**facts(proposal), state="replaced"), actor=actor)
    return draft_proposal(
        proposal.deal, actor=actor, lines=lines, title=proposal.title, summary=proposal.summary, terms=proposal.terms
    )


@action("proposal.expire", permission=None)
def expire_proposal(proposal: Proposal, *, actor: Actor) -> Proposal:
    """Close a proposal whose date passed. Publishes ProposalClosed."""
    today = clock.today(Workspace.current().timezone)
    if not proposal.waits_for_customer or proposal.valid_until >= today:
        return proposal
    proposal.expire()
    proposal.store("state")
    publish(ProposalClosed(**facts(proposal), state="expired"), actor=actor)
    return proposal


@action("proposal.attach_pdf", permission=None)
def attach_pdf(proposal: Proposal, *, actor: Actor, path: str) -> Proposal:
    """Remember the printed form."""
    proposal.store(pdf_path=path)
    return proposal


def facts(proposal: Proposal) -> dict[str, Any]:
    """Return the ids that every event about a proposal carries."""
    return {
        "proposal_id": proposal.pk,
        "deal_id": proposal.deal_id,
        "contact_id": proposal.contact_id,
        "lead_id": proposal.lead_id,
    }


def refuse_unless_proposable(deal: Deal) -> None:
    """Raise Refused when the deal or its lead is not at a point where a proposal may be made."""
    if deal.status != "open":
        raise Refused(_("This deal is closed. Reopen it before you propose anything."))
    if deal.lead is not None:
        refuse_by_stage(deal.lead)


def refuse_by_stage(lead: Lead) -> None:
    """Raise Refused when a lead is too early, or too late, for a proposal."""
    if lead.stage == "PAID":
        raise Refused(_("This lead has paid already. Make a new deal for something else."))
    if lead.status == "disqualified":
        raise Refused(_("This lead is disqualified. Reopen it first."))
    if lead.stage in {"NEW", "CONTACTED"} or lead.status in {"new", "contacted"}:
        raise Refused(_("A proposal needs an interested lead. Qualify it first."))


def refuse_while_paying(proposal: Proposal) -> None:
    """Raise Refused while a bank confirms a payment for this proposal."""
    if proposal.checkouts.filter(state="confirming").exists():
        raise Refused(_("The customer's bank is confirming a payment. Wait for its answer."))


def _write(proposal: Proposal, title: str, summary: str, terms: str, valid_until: date | None) -> None:
    workspace = Workspace.current()
    today = clock.today(workspace.timezone)
    proposal.title, proposal.summary, proposal.terms = title[:160], summary, terms
    proposal.valid_until = valid_until or today + timedelta(days=workspace.proposal_valid_days)
    if proposal.valid_until < today:
        raise Invalid({"valid_until": [_("Choose today or a later day.")]})


def _put_lines(proposal: Proposal, lines: Sequence[Line], actor: Actor) -> None:
    """Replace the lines, add up, and let the deal's lines and value follow."""
    if not lines:
        raise Invalid({"lines": [_("Add at least one line.")]})
    known = Item.objects.in_bulk([line.item_id for line in lines if line.item_id])
    items = [_item(known.get(line.item_id or 0), line, proposal, actor) for line in lines]
    proposal.lines.all().delete()
    amounts = [times(line.quantity, line.unit_price_minor) for line in lines]
    ProposalLine.objects.bulk_create(
        ProposalLine(
            proposal=proposal,
            position=position,
            item=item,
            name=line.name[:160],
            description=line.description[:500],
            quantity=line.quantity,
            unit_price_minor=line.unit_price_minor,
            amount_minor=amount,
        )
        for position, (line, item, amount) in enumerate(zip(lines, items, amounts, strict=True))
    )
    proposal.store(**vars(totals(amounts, proposal.tax_rate_bp)))
    rows = [
        {"item": item, "description": line.name, "quantity": line.quantity, "unit_price_minor": line.unit_price_minor}
        for line, item in zip(lines, items, strict=True)
    ]
    proposal.deal = set_lines(proposal.deal, actor=actor, lines=rows)


def _item(item: Item | None, line: Line, proposal: Proposal, actor: Actor) -> Item | None:
    """Return the catalogue's item of a line, if it may be offered in this proposal."""
    if line.item_id and item is None:
        raise Invalid({"lines": [_("%(line)s is not in the catalogue any more.") % {"line": line.name}]})
    if item and item.currency != proposal.currency:
        wrong = _("%(item)s is priced in %(currency)s, not %(other)s.") % {
            "item": item.name,
            "currency": item.currency,
            "other": proposal.currency,
        }
        raise Invalid({"lines": [wrong]})
    if not actor.is_person and (item is None or item.unit_price_minor != line.unit_price_minor):
        raise Invalid({"lines": [_("A machine may only offer catalog items at catalog prices.")]})
    return item
