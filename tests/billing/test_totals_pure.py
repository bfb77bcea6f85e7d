"""Money adds up, whatever is multiplied."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.evidence import digest
from billing.totals import totals
from core.money import times

amounts = st.lists(st.integers(0, 10**12), max_size=40)
rates = st.integers(0, 10_000)


@given(amounts, rates)
def test_total_is_subtotal_and_tax_and_tax_is_within_half_a_minor_unit(lines, rate):
    sums = totals(lines, rate)
    assert sums.subtotal_minor == sum(lines)
    assert sums.total_minor == sums.subtotal_minor + sums.tax_minor
    assert abs(sums.tax_minor * 10_000 - sum(lines) * rate) <= 5_000


@given(amounts, rates)
def test_the_order_of_lines_does_not_matter(lines, rate):
    assert totals(lines, rate) == totals(reversed(lines), rate)


@given(st.decimals("0.01", "100000", places=2), st.integers(0, 10**9))
def test_a_line_is_within_half_a_minor_unit_of_quantity_times_price(quantity, price):
    assert abs(times(quantity, price) - quantity * price) <= Decimal("0.5")


@pytest.mark.parametrize(
    ("quantity", "price", "amount"),
    [("1", 4_800_000, 4_800_000), ("2.5", 101, 253), ("0.5", 1, 1), ("0.49", 1, 0), ("3", 0, 0)],
)
def test_halves_are_rounded_up(quantity, price, amount):
    assert times(Decimal(quantity), price) == amount


def test_the_prototype_adds_up():
    sums = totals([3_000_000, 1_200_000, 600_000], 1800)
    assert (sums.subtotal_minor, sums.tax_minor, sums.total_minor) == (4_800_000, 864_000, 5_664_000)


def test_a_digest_knows_every_value_and_not_their_order():
    one = {"title": "A", "lines": [["x", 1]]}
    assert digest(one) == digest({"lines": [["x", 1]], "title": "A"})
    assert digest(one) != digest({"title": "A", "lines": [["x", 2]]})
