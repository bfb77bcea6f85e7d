"""The words of a record, what a typed text asks for, and which words are nearly alike."""

from hypothesis import given
from hypothesis import strategies as st

from crm import search
from crm.search import Word, attempts, edits, forms, likeness, nearest, parse, words

LETTERS = st.text(alphabet="abcdefgh", min_size=4, max_size=12)


def test_names_lose_accents_case_and_signs_in_every_script():
    assert words(("Łukasz Müller-Ørsted",)) == "lukasz muller orsted"
    assert words(("Élodie  D’Arc", "SA")) == "elodie d arc sa"
    assert words(("प्रिया शर्मा",)) == words(("प्रि\u200dया  शर्मा.",))
    assert words(("Shop ९८",)) == "shop 98"


def test_an_address_is_found_by_its_parts_and_a_number_by_any_of_its_digits():
    told = words(("Asha", "Rao"), ("asha.rao@acme.co.in", "+919876543210")).split()
    assert told[:4] == ["asha", "rao", "acme", "co"]
    digits = "919876543210"
    for length in (3, 4, 5, 8, 12):
        for at in range(len(digits) - length + 1):
            (number,) = parse(digits[at : at + length])
            assert any(holds(told, terms) for terms in number.group), number


def test_words_of_the_record_that_it_belongs_to_come_once():
    contact = words(("Asha", "Rao", "Rao Textiles"), ("+919876543210",))
    assert words(("Website", "Rao Textiles"), more=contact) == f"website {contact}"


def test_what_is_typed_becomes_words_numbers_and_phrases():
    assert parse('rao "Blue  Lotus" ASHA') == [
        Word("blue lotus", is_phrase=True), Word("rao"), Word("asha"),
    ]  # fmt: skip
    assert parse("+91 (0)98765-43210") == [Word("919876543210")]
    assert parse("098765 43210") == [Word("098765"), Word("43210")]
    assert [word.number for word in parse("098765 007 24")] == ["98765", "", ""]
    assert [word.text for word in parse("asha.rao@acme.in")] == ["asha", "rao", "acme"]
    assert parse("“blue lotus”") == [Word("blue lotus", is_phrase=True)]
    assert parse('!!! "" -') == []
    assert len(parse(" ".join("abcdefghijklm"))) == search.MOST_WORDS


def test_each_attempt_is_looser_and_quoted_words_are_never_left_out():
    known = {"ahsa": (("asha",),), "roa": ()}
    found = list(attempts(parse('ahsa roa "acme ltd"'), lambda typed: known))
    assert [query.is_less for query in found] == [False, False, True, True]
    assert all(
        "% acme ltd %" in query.checks and (("acme", "ltd"),) in option for query in found for option in query.options
    )
    assert len(list(attempts(parse("roa"), lambda typed: known))) == 1


def test_a_letter_beside_a_word_is_looked_at_and_not_looked_up():
    (query, *_) = attempts(parse("smith j"), lambda typed: {})
    assert query.options == (((("smith*",),),),)
    assert query.checks == ("% j%",)


def test_short_words_and_numbers_must_be_right():
    assert [edits(word) for word in ("rao", "roya", "sharmil", "sharmila", "rao12345")] == [0, 1, 1, 2, 0]


@given(LETTERS, st.data())
def test_words_within_the_allowed_edits_have_a_form_in_common(word, data):
    wrong = word
    for _ in range(data.draw(st.integers(1, edits(word)))):
        at = data.draw(st.integers(0, len(wrong) - 1))
        kind = data.draw(st.sampled_from(["wrong", "gone", "more", "swapped"]))
        new = data.draw(st.sampled_from("abcdefgh"))
        middle = {"wrong": new, "gone": "", "more": wrong[at] + new, "swapped": wrong[at : at + 2][::-1]}[kind]
        wrong = wrong[:at] + middle + wrong[at + (2 if kind == "swapped" else 1) :]
    if edits(wrong) >= edits(word):
        assert forms(word) & forms(wrong)
        if not word.startswith(wrong):
            assert (word,) in nearest(wrong, [word, "zzzzzzzz"])


def test_the_nearest_record_has_all_words_whole_and_its_name_first():
    typed = parse("asha rao")
    told = [
        "asha rao blue lotus", "asha raoul blue lotus", "usha rao blue lotus", "meera nair asha rao foundation",
        "asha nair",
    ]  # fmt: skip
    assert sorted(told, key=lambda one: -likeness(typed, one)) == [told[0], told[3], told[1], told[2], told[4]]


def holds(told, terms):
    return all(any(one.startswith(t[:-1]) if t[-1] == "*" else one == t for one in told) for t in terms)
