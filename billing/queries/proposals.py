"""Proposals as the pages need them."""

from collections.abc import Iterable
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.actor import Actor
from accounts.models import Workspace
from billing.evidence import digest
from billing.models import Checkout, Invoice, Payment, Proposal
from billing.texts import NEXT_STEPS
from core.crypto import sha256
from core.errors import NotFound
from core.money import Money
from crm.models import Deal, Item
from crm.queries.filters import one
from outreach.values import CatalogItem

Row = TypeVar("Row", bound=Model)
GONE = _("This link does not work. Ask the person who sent it for a new one.")
RELATED = ("contact", "deal", "deal__owner", "lead")


def proposals_for(actor: Actor) -> QuerySet[Proposal]:
    """Return the proposals that the actor may read."""
    return actor.visible("proposal:read", Proposal.objects.select_related(*RELATED))


def proposal_for(actor: Actor, pk: int) -> Proposal:
    """Return one proposal; raises NotFound when the actor may not read it."""
    return one(proposals_for(actor), pk, gettext("There is no such proposal. It may have been deleted."))


def proposal_of_event(pk: int) -> Proposal | None:
    """Return the proposal that an event names, with what its subscribers need."""
    return Proposal.objects.select_related(*RELATED).filter(pk=pk).first()


def proposal_named(reference: str) -> Proposal | None:
    """Return the proposal that a message names as what it is about."""
    kind, _colon, number = reference.partition(":")
    return proposal_of_event(int(number)) if kind == "proposal" and number.isdecimal() else None


def proposal_by_token(token: str) -> Proposal:
    """Return the proposal behind a public link; raises NotFound for any other token."""
    return by_token(Proposal.objects.select_related(*RELATED), token)


def by_token(rows: QuerySet[Row], token: str) -> Row:
    """Return the row behind a public link: the table holds the hash of its token."""
    found = rows.filter(token_hash=sha256(token)).first()
    if found is None:
        raise NotFound(GONE)
    return found


def content_digest(proposal: Proposal) -> str:
    """Return the hash of everything that the customer is shown and agrees to."""
    content = {
        "number": proposal.number,
        "revision": proposal.revision,
        "title": proposal.title,
        "summary": proposal.summary,
        "terms": proposal.terms,
        "valid_until": proposal.valid_until.isoformat(),
        "currency": proposal.currency,
        "tax": [proposal.tax_name, proposal.tax_rate_bp],
        "totals": [proposal.subtotal_minor, proposal.tax_minor, proposal.total_minor],
        "lines": [
            [row.name, row.description, f"{row.quantity:f}", row.unit_price_minor, row.amount_minor]
            for row in proposal.lines.all()
        ],
    }
    return digest(content)


def deal_proposal(deal: Deal) -> Proposal | None:
    """Return the deal's newest proposal, whatever became of it."""
    return Proposal.objects.filter(deal=deal).order_by("-pk").first()


def money_of(actor: Actor, deal: Deal | None) -> dict[str, Any]:
    """Return what a deal's or lead's panel shows about money, as far as the actor may see it."""
    if deal is None:
        return {"proposal": None, "checkout": None, "payments": [], "invoice": None}
    proposal = actor.visible("proposal:read", Proposal.objects.filter(deal=deal)).order_by("-pk").first()
    payments = actor.visible("payment:read", Payment.objects.filter(deal=deal)).order_by("-pk")
    invoices = actor.visible("invoice:read", Invoice.objects.filter(deal=deal))
    return {
        "proposal": proposal,
        "checkout": last_checkout(proposal) if proposal else None,
        "payments": list(payments[:5]),
        "invoice": invoices.exclude(state="void").first(),
    }


def last_checkout(proposal: Proposal) -> Checkout | None:
    """Return the newest payment page of a proposal."""
    return proposal.checkouts.order_by("-pk").first()


def printed(proposal: Proposal) -> dict[str, Any]:
    """Return what a proposal shows, on screen and on paper."""
    return {"proposal": proposal, "lines": proposal.lines.all(), "seller": seller(), "steps": NEXT_STEPS}


def lines_to_edit(lines: Iterable[Any], currency: str) -> list[dict[str, Any]]:
    """Return lines of a deal or a proposal as the editor's rows."""
    return [
        {
            "item": line.item_id,
            "name": getattr(line, "name", "") or line.description,
            "description": line.description if hasattr(line, "name") else "",
            "quantity": f"{line.quantity.normalize():f}",
            "unit_price": f"{Money(line.unit_price_minor, currency).decimal:f}",
        }
        for line in lines
    ]


def catalog(currency: str) -> list[CatalogItem]:
    """Return the items that may be proposed in a currency, as the agents read them."""
    return [
        CatalogItem(
            item_id=item.pk,
            sku=item.sku,
            name=item.name,
            unit_price_minor=item.unit_price_minor,
            currency=item.currency,
            description=item.description,
        )
        for item in Item.objects.filter(is_active=True, currency=currency).order_by("pk")[:200]
    ]


def seller() -> dict[str, str]:
    """Return who sells, as it stands on documents."""
    workspace = Workspace.current()
    return {
        "name": workspace.legal_name or workspace.name,
        "address": workspace.postal_address,
        "tax_id": workspace.tax_id,
        "email": workspace.from_email,
        "country": workspace.country,
    }
