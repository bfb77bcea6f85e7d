"""What the attacks stand on: one person's rows of every kind that has an address, made as the product makes them."""

import hashlib
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from accounts.actions.notify import notify
from accounts.models import User
from core.management.commands.list_endpoints import endpoints
from core.management.commands.state_digest import business_models, digest
from crm.actions.approvals import request_approval
from crm.actions.imports import upload_import
from crm.actions.tickets import create_ticket
from crm.models import Deal
from outreach.actions.messages import record_unknown
from outreach.models import Message
from tests.billing.selling import SYSTEM, accepted, new_lead
from tests.crm.documents import uploaded
from tests.factories.crm import make_activity, make_contact, make_lead
from tests.outreach.scene import answer_to, arrive, draft_for, message_to
from tests.people import as_actor

__all__ = ["Rows", "dig", "endpoints", "rows_of", "state"]

CSV = b"Email,First Name,City\nnew@x.example,Asha,Pune\n,No address,Pune\n"


def state() -> str:
    """Return the digest of all business rows."""
    total = hashlib.sha256()
    for model in sorted(business_models(), key=lambda entry: entry._meta.label):
        total.update(f"{model._meta.label}{digest(model)['digest']}".encode())
    return total.hexdigest()


def dig() -> dict[str, str]:
    """Return the digest of each table, to name the one that changed."""
    return {model._meta.label: digest(model)["digest"] for model in business_models()}


@dataclass
class Rows:
    """Everything of one person's that has an address."""

    owner: User
    ids: dict[str, int]
    proposal: Any
    token: str
    invoice_token: str


def rows_of(owner: User, run_events: Any, settings: Any) -> Rows:
    """Make one row of every kind for an owner."""
    from billing.actions.invoices import issue_invoice
    from billing.links import token_of
    from billing.models import Invoice

    name = owner.email.partition("@")[0]
    actor = as_actor(owner)
    proposal = accepted(owner, email=f"{name}.sale@x.example", phone="", business_name=f"{name} Ltd")
    won = proposal.deal
    Deal.objects.filter(pk=won.pk).update(status="won", won_at=won.created_at, closed_on=won.created_at.date())
    won.refresh_from_db()
    issue_invoice(won, actor=SYSTEM)
    invoice = Invoice.objects.get(deal=won)
    lead = new_lead(owner, email=f"{name}.new@x.example", business_name=f"{name} new")
    out = message_to(lead)
    Message.objects.filter(pk=out.pk).update(state="sending")
    out = record_unknown(Message.objects.get(pk=out.pk), actor=SYSTEM, error="Nobody knows.")
    suggestion = draft_for(lead)
    arrive(answer_to(Message.objects.get(pk=out.pk), "Send me the price please"))
    run_events()
    reply = Message.objects.filter(direction="in", contact=lead.contact).get()
    contact = make_contact(owner=owner, email=f"{name}.plain@x.example")
    open_deal = make_lead("converted", "INTERESTED", owner=owner, contact=contact).converted_deal
    Deal.objects.filter(pk=open_deal.pk).update(value_minor=10**12)
    approval = request_approval(Deal.objects.get(pk=open_deal.pk), actor=actor)
    run = upload_import(actor=actor, file=BytesIO(CSV), file_name="leads.csv", kind="leads")
    return Rows(
        owner=owner,
        ids={
            "lead": lead.pk, "contact": contact.pk, "deal": open_deal.pk, "won": won.pk,
            "task": make_activity(actor=owner, contact=contact).pk, "proposal": proposal.pk, "invoice": invoice.pk,
            "conversation": reply.conversation_id, "message": out.pk, "reply": reply.pk,
            "document": uploaded(owner, contact=contact).pk,
            "ticket": create_ticket(actor=SYSTEM, contact=contact, subject="Broken").pk,
            "suggestion": suggestion.pk, "approval": approval.pk, "import": run.pk,
            "notification": notify(owner, actor=SYSTEM, kind="x", text="Hm", url="/").pk,
        },
        proposal=proposal,
        token=token_of(proposal),
        invoice_token=token_of(invoice),
    )  # fmt: skip
