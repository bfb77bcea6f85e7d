"""How addresses and names are folded, and when two records are one."""

import pytest

from crm import matching
from crm.matching import Identity


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        (" Asha@ACME.in ", "asha@acme.in"),
        ("<asha@acme.in>", "asha@acme.in"),
        ("A.S.Ha+news@GoogleMail.com", "asha@gmail.com"),
        ("asha+news@outlook.com", "asha@outlook.com"),
        ("a.sha+x@acme.in", "a.sha+x@acme.in"),
        ("asha@b\u00fccher.de", "asha@xn--bcher-kva.de"),
        ("\uff41sha@acme.in", "asha@acme.in"),
        ("asha@acme", ""),
        ("asha acme.in", ""),
        ("@acme.in", ""),
        ("", ""),
    ],
)
def test_two_spellings_of_one_mailbox_are_equal(written, folded):
    assert matching.fold_email(written) == folded


@pytest.mark.parametrize(
    ("written", "region", "number"),
    [
        ("098765 43210", "IN", "+919876543210"),
        ("+91-98765-43210", "DE", "+919876543210"),
        ("0171 1234567", "DE", "+491711234567"),
        ("12", "IN", ""),
        ("call me", "IN", ""),
        ("", "IN", ""),
    ],
)
def test_phone_numbers_become_e164(written, region, number):
    assert matching.e164(written, region) == number


def test_names_lose_accents_case_and_signs_but_keep_their_script():
    assert matching.normalise("  \u00dcn\u00ef-CODE  ") == "uni code"
    assert (
        matching.normalise("\u0906\u0936\u093e \u0936\u0930\u094d\u092e\u093e")
        == "\u0906\u0936\u093e \u0936\u0930\u094d\u092e\u093e"
    )


def test_legal_forms_make_no_difference():
    assert matching.fold_company("Acme Pvt. Ltd.") == matching.fold_company("ACME") == "acme"
    assert matching.fold_company("The Company") == "the company"


def test_misspelt_products_are_found_and_ambiguous_ones_are_not():
    known = ("GTX Pro", "GTX Plus Pro", "MG Special")
    assert matching.closest("GTXPro", known) == "GTX Pro"
    assert matching.closest("MG Specail", known) == "MG Special"
    assert matching.closest("Lorry", known) is None
    assert matching.closest("abcd1", ("abcd2", "abcd3")) is None


@pytest.mark.parametrize(
    ("name", "code"), [("India", "IN"), ("Philipines", "PH"), ("usa", "US"), ("de", "DE"), ("Nowhere", ""), ("", "")]
)
def test_countries_by_name(name, code):
    assert matching.country_code(name) == code


def test_reference_beats_email_beats_phone():
    rows = [
        Identity(id=1, phone="+911", name="A"),
        Identity(id=2, email="a@acme.in", name="A"),
        Identity(id=3, reference="crm:1", name="A"),
    ]
    newcomer = Identity(email="A@acme.in", phone="+911", reference="crm:1")
    assert matching.find_duplicate(newcomer, rows).id == 3
    assert matching.find_duplicate(Identity(email="A@acme.in", phone="+911"), rows).id == 2
    assert matching.find_duplicate(Identity(phone="+911"), rows).id == 1


def test_name_and_company_match_only_when_nothing_contradicts():
    row = Identity(id=1, name="Asha Rao", company="Acme Pvt Ltd", email="asha@acme.in")
    same = Identity(name="Rao Asha", company="ACME")
    assert matching.find_duplicate(same, [row]).id == 1
    other = Identity(name="Asha Rao", company="Acme", email="another@acme.in")
    assert matching.find_duplicate(other, [row]) is None
    assert matching.find_duplicate(Identity(name="Asha Rao"), [row]) is None
