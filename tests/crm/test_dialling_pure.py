"""The quick way to read a telephone number says what the thorough one says, or nothing."""

import random

import phonenumbers
import pytest

from crm import matching


def thoroughly(number: str, region: str) -> str:
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def numbers(count: int):
    chance = random.Random(7)
    regions = [*sorted(phonenumbers.SUPPORTED_REGIONS), *["IN", "US", "GB", "DE", "IT"] * 20]
    for _ in range(count):
        region = chance.choice(regions)
        digits = "".join(chance.choice("0123456789") for _ in range(chance.randint(4, 14)))
        code = phonenumbers.country_code_for_region(region)
        number = chance.choice([f"+{code}{digits}", f"0{digits}", f"+{digits}", digits, digits])
        if chance.random() < 0.3:
            number = f"{number[:4]}{chance.choice(' -.(')}{number[4:]}"
        yield number, region


def test_the_quick_way_never_differs():
    told = [(n, r, quick) for n, r in numbers(6_000) if (quick := matching._dialled_plainly(n, r))]
    assert len(told) > 800
    assert [(n, r, q) for n, r, q in told if q != thoroughly(n, r)] == []


@pytest.mark.parametrize(
    ("number", "region", "dialled"),
    [
        ("+91 98765-43210", "US", "+919876543210"),
        ("98765 43210", "IN", "+919876543210"),
        ("098765 43210", "IN", "+919876543210"),
        ("(212) 555-0123", "US", "+12125550123"),
        ("+39 06 1234567", "IN", "+39061234567"),
        ("00", "IN", ""),
        ("+", "IN", ""),
        ("", "IN", ""),
        ("٩٨٧٦٥٤٣٢١٠", "IN", "+919876543210"),
    ],
)
def test_usual_spellings(number, region, dialled):
    assert matching.e164(number, region) == dialled
