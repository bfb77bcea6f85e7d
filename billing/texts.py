"""The words that stand on a proposal until the business writes its own."""

TERMS = (
    "You can cancel within 7 days for a full refund. After that we refund the time you have not "
    "used. Your content and your data stay yours."
)
NEXT_STEPS = (
    ("Day 1", "We call you and agree the dates"),
    ("Week 1", "You send us what we need to begin"),
    ("Week 2", "You see the first result and mark changes"),
    ("Week 3", "We hand over and train your team"),
)
DUE_DAYS = 14


def tax_name(country: str) -> str:
    """Return what the tax is called where the business is."""
    return {"IN": "GST", "AU": "GST", "NZ": "GST", "SG": "GST"}.get(country, "VAT")
