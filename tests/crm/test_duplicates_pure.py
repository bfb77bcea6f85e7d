"""The duplicate radar on two records: what speaks for one person, what against, and how it is said."""

import pytest

from crm.duplicates import THRESHOLD, Crowd, compare, hashed, keys, name_key, profile
from crm.names import romanise, sound

NOBODY = Crowd({})


def person(name="Meera Sharma", **known):
    first, _, last = name.partition(" ")
    return profile(first_name=first, last_name=last, **known)


def alike(one, other, crowd=NOBODY):
    return compare(one, other, crowd).score >= THRESHOLD


def reasons(one, other):
    return [reason.text for reason in compare(one, other, NOBODY).reasons]


@pytest.mark.parametrize(
    ("written", "read"),
    [("मीरा शर्मा", "meeraa sharmaa"), ("राहुल", "raahul"), ("अनिल कुमार", "anil kumaar"), ("রাহুল", "raahul"),
     ("ਰਾਹੁਲ", "raahul"), ("Müller", "Müller"), ("", "")],
)  # fmt: skip
def test_indian_scripts_are_read_aloud(written, read):
    assert romanise(written) == read


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("meera", "mira"),
        ("choudhary", "chaudhari"),
        ("agarwal", "aggarwal"),
        ("pooja", "puja"),
        ("chowdhury", "choudhury"),
    ],
)
def test_spellings_of_a_name_sound_alike(one, other):
    strip = str.maketrans("", "", "aeiou")
    assert sound(one).translate(strip) == sound(other).translate(strip)


WORK = {"company": "Sharma Dental Pvt Ltd", "city": "Pune"}


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (person("Sharma Meera", company="Sharma Dental"), "Same name in another order"),
        (person("मीरा शर्मा", company="Sharma Dental"), "Same name in another spelling or script"),
        (person("शर्मा मीरा", company="Sharma Dental"), "Same name in another spelling or script, in another order"),
        (person("Mira Sharma", company="Sharma Dental Private Limited"), "Same name in another spelling or script"),
        (person("Meear Sharma", company="Sharma Dental", city="Pune"), "Same name in another spelling or script"),
        (person("Meerta Sharma", company="Sharma Dental", city="Pune"), "Name with a typing error"),
        (person("M. Sharma", company="Sharma Dental", emails=["meera.sharma@mail.example"]), "Initial fits the name"),
        (person("Meera", phones=["+1 98765 43210"]), "Same phone number in another format"),
        (person("Meera Sharma", phones=["098765 43210"], company="Other Works"), "Same phone number in another format"),
        (person("Meera Sharma", emails=["MEERA+crm@sharmadental.in"]), "Same mail domain sharmadental.in"),
    ],
)  # fmt: skip
def test_one_person_written_twice_is_found_and_explained(other, reason):
    one = person(emails=["meera@sharmadental.in"], phones=["+91 98765 43210"], **WORK)
    assert alike(one, other), compare(one, other, NOBODY)
    assert reason in reasons(one, other)
    assert keys(one) & keys(other)


@pytest.mark.parametrize(
    "other",
    [
        person("Anil Sharma", phones=["+91 98765 43210"], **WORK),
        person("Ravi Sharma", emails=["ravi@sharmadental.in"], **WORK),
        person("Anil Gupta", phones=["+91 98765 43210"], company="Gupta Foods"),
        person("Meera Sharma", company="Nair Textiles", city="Kochi"),
        person("Meera Sharma Jr", company="Sharma Dental", city="Pune", phones=["+91 98765 43210"]),
        profile(company="Sharma Dental", emails=["info@sharmadental.in"]),
        profile(company="Sharma Dental", city="Pune"),
    ],
)
def test_families_colleagues_and_namesakes_stay_two(other):
    one = profile(first_name="Meera", last_name="Sharma Sr" if other.generation else "Sharma",
                  emails=["meera@sharmadental.in"], phones=["+91 98765 43210"], **WORK)  # fmt: skip
    assert not alike(one, other), compare(one, other, NOBODY)


def test_two_known_names_are_no_typing_error_of_one_another():
    one, other = (person("Rajesh Patil", company="Patil Motors"), person("Rakesh Patil", company="Patil Motors"))
    assert alike(one, other)
    assert not alike(one, other, Crowd({}, {"rajesh", "rakesh"}.__contains__))


def test_a_common_name_says_less():
    one, other = (person("Rahul Sharma", city="Pune"), person("Rahul Sharma", city="Pune", phones=["+919876543210"]))
    few = compare(one, other, NOBODY).score
    many = compare(one, other, Crowd({hashed(name_key(one)): 40})).score
    assert few > 0.5 > many


def test_a_number_of_many_is_an_office():
    one = person("Meera Sharma", phones=["+912025534411"])
    other = person("M. Sharma", phones=["+912025534411"])
    assert alike(one, other)
    assert not alike(one, other, Crowd({hashed("p:025534411"): 30}))


@pytest.mark.parametrize(
    ("company", "is_same"),
    [("Zenith Traders Pvt. Ltd.", True), ("ZENITH TRADERS", True), ("Zennith Traders", True), ("Zenith Travels", False),
     ("Apex Traders", False)],
)  # fmt: skip
def test_businesses_are_compared_by_name_and_place(company, is_same):
    one = profile(company="Zenith Traders", city="Mumbai", phones=["022 2553 4411"])
    assert alike(one, profile(company=company, city="Bombay")) == is_same


def test_nothing_and_nonsense_make_profiles_too():
    for odd in ("", "   ", "....", "👍", "\u0915" * 300, "a" * 300, "!!@@##"):
        one = profile(first_name=odd, last_name=odd, company=odd, emails=[odd], phones=[odd], city=odd)
        assert keys(one) is not None
        assert 0 <= compare(one, person(), NOBODY).score <= 1
