"""Every change to money, one function each; importing them fills the catalogue."""

from billing.actions import acceptance, invoices, onboarding, payments, proposals, refunds, sending

__all__ = [
    "acceptance",
    "invoices",
    "onboarding",
    "payments",
    "proposals",
    "refunds",
    "sending",
]
