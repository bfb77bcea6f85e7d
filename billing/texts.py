"""The words that stand on a proposal until the business writes its own."""

from django.utils.translation import gettext_lazy as _

TERMS = (
    "You can cancel within 7 days for a full refund. After that we refund the time you have not "
    "used. Your content and your data stay yours."
)
NEXT_STEPS = (
    (_("Day 1"), _("We call you and agree the dates")),
    (_("Week 1"), _("You send us what we need to begin")),
    (_("Week 2"), _("You see the first result and mark changes")),
    (_("Week 3"), _("We hand over and train your team")),
)
DUE_DAYS = 14


def tax_name(country: str) -> str:
    """Return what the tax is called where the business is."""
    return {"IN": "GST", "AU": "GST", "NZ": "GST", "SG": "GST"}.get(country, "VAT")
