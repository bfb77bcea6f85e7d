"""Amounts as whole minor units with their ISO 4217 currency; no float ever touches money."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import pgettext

# ISO 4217 exponents that differ from 2, for the currencies that the product offers.
EXPONENTS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "BHD": 3, "KWD": 3, "OMR": 3, "JOD": 3, "TND": 3}
CURRENCIES = (
    "INR", "USD", "EUR", "GBP", "AED", "AUD", "CAD", "CHF", "JPY", "SGD", "ZAR", "BHD", "KWD",
)  # fmt: skip
SIGNS = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (paise, cents) of one currency."""

    minor: int
    currency: str

    @classmethod
    def of(cls, amount: Decimal | str | int, currency: str) -> "Money":
        """Return `amount` major units, rounded half up to the currency's minor unit."""
        scaled = Decimal(amount).scaleb(EXPONENTS.get(currency, 2))
        return cls(int(scaled.quantize(Decimal(1), ROUND_HALF_UP)), currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units."""
        return Decimal(self.minor).scaleb(-EXPONENTS.get(self.currency, 2))

    def as_json(self) -> dict[str, str]:
        """Return {"amount": "48000.00", "currency": "INR"}."""
        return {"amount": str(self.decimal), "currency": self.currency}

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"Cannot add {other.currency} to {self.currency}.")
        return Money(self.minor + other.minor, self.currency)

    def __str__(self) -> str:
        return format_money(self)


def times(quantity: Decimal, minor: int) -> int:
    """Return quantity × amount in minor units, rounded half up."""
    return int((quantity * minor).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def grouped(digits: str, *, indian: bool) -> str:
    """Return digits with thousands separators, by lakh and crore where `indian`."""
    if not indian:
        return f"{int(digits):,}"
    head, tail = digits[:-3], digits[-3:]
    pairs: list[str] = []
    while head:
        pairs.insert(0, head[-2:])
        head = head[:-2]
    return ",".join([*pairs, tail])


def format_money(money: Money) -> str:
    """Return ₹1,20,000 or $1,200.50: the currency's sign, its grouping, no empty fraction."""
    sign = "−" if money.minor < 0 else ""
    whole, _, fraction = str(abs(money.decimal)).partition(".")
    mark = SIGNS.get(money.currency, f"{money.currency} ")
    text = grouped(whole, indian=money.currency == "INR")
    if fraction and int(fraction):
        text = f"{text}.{fraction}"
    return f"{sign}{mark}{text}"


def short_money(money: Money) -> str:
    """Return ₹14.8 L, ₹2.1 Cr or $1.2 M for headlines; small amounts in full."""
    amount = abs(money.decimal)
    steps = (
        ((Decimal(10_000_000), pgettext("crore", "Cr")), (Decimal(100_000), pgettext("lakh", "L")))
        if money.currency == "INR"
        else ((Decimal(1_000_000), pgettext("million", "M")), (Decimal(10_000), pgettext("thousand", "k")))
    )
    for size, unit in steps:
        if amount >= size:
            base = Decimal(1_000) if size == 10_000 else size
            figure = f"{amount / base:.1f}".removesuffix(".0")
            return f"{'−' if money.minor < 0 else ''}{SIGNS.get(money.currency, money.currency + ' ')}{figure} {unit}"
    return format_money(money)
