"""The words that stand on a proposal until the business writes its own."""

from django.utils.translation import gettext_lazy as _

TERMS = (
    "You can cancel within 7 days for a full refund. After that we refund the time you have not "
    "used. Your content and your data stay yours."
)
NEXT_STEPS = (
    _("You accept this proposal online, with your name"),
    _("You pay on the page that opens then"),
    _("You get the invoice, and one of us contacts you about the start"),
)
DUE_DAYS = 14


def tax_name(country: str) -> str:
    """Return what the tax is called where the business is."""
    return {"IN": "GST", "AU": "GST", "NZ": "GST", "SG": "GST"}.get(country, "VAT")
