"""Lines → tax → total, in minor units; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from core.money import times


@dataclass(frozen=True)
class Totals:
    """The sums of a document; subtotal + tax is always the total."""

    subtotal_minor: int
    tax_minor: int
    total_minor: int


def totals(amounts: Iterable[int], tax_rate_bp: int) -> Totals:
    """Add up line amounts and put tax on the sum once, so that rounding happens once."""
    subtotal = sum(amounts)
    tax = times(Decimal(tax_rate_bp) / 10_000, subtotal)
    return Totals(subtotal, tax, subtotal + tax)


def percent(rate_bp: int) -> str:
    """Return a rate in hundredths of a percent as people write it: 18, 12.5."""
    return f"{Decimal(rate_bp) / 100:.2f}".rstrip("0").rstrip(".")
