"""Plain values that pass between what reads vendors and what decides."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True)
class Line:
    """One line of a proposal before it is stored; `item_id` names the catalog item, if any."""

    name: str
    quantity: Decimal
    unit_price_minor: int
    description: str = ""
    item_id: int | None = None


def copied(line: Any) -> Line:
    """Return a proposal's or a draft's line as a value."""
    return Line(line.name, line.quantity, line.unit_price_minor, line.description, line.item_id)


@dataclass(frozen=True)
class PaymentNews:
    """What a provider says about money that arrived."""

    provider: str
    payment_id: str
    session_id: str
    amount_minor: int
    currency: str
    livemode: bool
    mode: str
    at: datetime


@dataclass(frozen=True)
class Evidence:
    """Who accepted, from where and with what."""

    name: str
    ip: str
    agent: str
