"""Every change to money, one function each; importing them fills the catalogue."""

from billing.actions import acceptance, invoices, payments, proposals, refunds, sending

__all__ = ["acceptance", "invoices", "payments", "proposals", "refunds", "sending"]
