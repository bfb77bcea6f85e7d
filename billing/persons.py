"""What the books hold about a person: what the law wants kept stays, the rest goes; see core.persons."""

from django.db.models import Q
from django.utils.translation import gettext as _

from billing.models import Checkout
from core.persons import ALL, Held, declare, nobody
from core.registry import register_guard
from crm.models import Contact

LAW = "invoices are kept as they were issued: GDPR Art. 17(3)(b) and the law on books"
LINK = {"token_hash": None, "token_sealed": ""}

declare(
    Held("billing.Refund", ("payment__contact", "payment__deal__contact", "payment__proposal__contact"), stays=ALL,
         blank={"reason": "", "error": ""}, because=LAW),
    Held("billing.Payment", ("contact", "deal__contact", "proposal__contact"), stays=ALL,
         blank={"review_reason": ""}, because=LAW),
    Held("billing.Invoice", ("contact",), stays=ALL, blank={**LINK, "void_reason": ""}, because=LAW,
         files="pdf_path", hidden=tuple(LINK)),
    Held("billing.Checkout", ("proposal__contact",), blank={"url": "", "error": ""}, hidden=("url",), because=LAW),
    Held("billing.ProposalLine", ("proposal__contact",), stays=ALL, blank={"name": "", "description": ""}),
    Held(
        "billing.Proposal", ("contact",), files="pdf_path", hidden=tuple(LINK), because="sums of what was paid",
        blank=LINK | dict.fromkeys(
            ("title", "summary", "terms", "pdf_path", "send_error", "accepted_name", "accepted_agent",
             "accepted_digest", "closed_reason"), "",
        ) | {"sources": [], "accepted_ip": None},
    ),
)  # fmt: skip
nobody("numbers", "billing.Counter")


def _wait_for_payment(contact: Contact) -> str | None:
    about = Q(proposal__contact=contact, state__in=("planned", "open", "confirming"))
    if Checkout.objects.filter(about).exists():
        return _("A payment of this person is under way. Withdraw the proposal, or wait until it ended, then erase.")
    return None


register_guard("contact.erase", _wait_for_payment)
