"""What each pair of the lead's machines lets out."""

import pytest

from crm.models.lead import LEGAL_PAIRS
from outreach.eligibility import blocked, purpose_for

ALLOWED = {
    "first_message": {("new", "NEW")},
    "follow_up": {("new", "CONTACTED"), ("new", "INTERESTED"), ("contacted", "CONTACTED"), ("contacted", "INTERESTED")},
    "proposal": {
        ("new", "INTERESTED"),
        ("contacted", "INTERESTED"),
        ("qualified", "INTERESTED"),
        ("converted", "INTERESTED"),
        ("converted", "PROPOSAL_SENT"),
    },
    "reply": set(LEGAL_PAIRS),
    "receipt": set(LEGAL_PAIRS),
    "notice": set(LEGAL_PAIRS),
}


@pytest.mark.parametrize("purpose", ALLOWED)
def test_each_purpose_leaves_only_in_its_pairs(purpose: str) -> None:
    open_pairs = {pair for pair in LEGAL_PAIRS if not blocked(purpose, *pair)}
    assert open_pairs == ALLOWED[purpose]


def test_every_refusal_says_what_would_be_right() -> None:
    reasons = {blocked(purpose, *pair) for purpose in ALLOWED for pair in LEGAL_PAIRS}
    assert all(reason.endswith((".", "")) and len(reason) < 100 for reason in reasons)


@pytest.mark.parametrize("pair", LEGAL_PAIRS)
def test_what_a_person_writes_has_a_purpose_that_the_stage_allows(pair: tuple[str, str]) -> None:
    for was_written_to_us in (True, False):
        purpose = purpose_for(*pair, was_written_to_us=was_written_to_us)
        if pair[0] != "disqualified" or purpose == "reply":
            assert blocked(purpose, *pair) == ""
