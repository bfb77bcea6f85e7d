"""Documents on paper: rendered outside transactions, stored, then remembered by an action."""

import logging
from typing import Any

from accounts.actor import Actor
from billing.actions import invoices, proposals
from billing.links import public_url, token_of
from billing.models import Invoice, Proposal
from billing.queries.proposals import printed
from core import files
from core.pages import render_text
from core.pdf import PdfUnavailable, render_pdf

log = logging.getLogger(__name__)
PDF = "application/pdf"


def print_proposal(proposal: Proposal) -> str:
    """Return the path of the proposal's PDF, made now if needed; "" where PDF is not possible."""
    if proposal.pdf_path:
        return proposal.pdf_path
    link = public_url("billing:public-proposal", token_of(proposal))
    path = _printed("pdf/proposal.html", {**printed(proposal), "link": link}, "proposals")
    if path:
        proposals.attach_pdf(proposal, actor=Actor.system("printer"), path=path)
    return path


def print_invoice(invoice: Invoice) -> str:
    """Return the path of the invoice's PDF, made now if needed; "" where PDF is not possible."""
    if invoice.pdf_path:
        return invoice.pdf_path
    path = _printed("pdf/invoice.html", {"invoice": invoice}, "invoices")
    if path:
        invoices.attach_pdf(invoice, actor=Actor.system("printer"), path=path)
    return path


def attachment(path: str, name: str) -> tuple[dict[str, Any], ...]:
    """Return a mail's attachments: one PDF, or none where it could not be made."""
    return ({"name": f"{name}.pdf", "content_type": PDF, "path": path},) if path else ()


def _printed(template: str, context: dict[str, Any], kind: str) -> str:
    try:
        return files.store(render_pdf(render_text(template, context)), kind, ".pdf")
    except PdfUnavailable as error:
        log.warning("no PDF: %s", error)
        return ""
