"""The score is arithmetic: its reasons add up, learning counts, un-learning counts back."""

import random

import pytest

from core.templatetags.ui import temperature
from crm import learning, scoring

SOURCES = ("Google", "Referral", "Chat", "")


def leads(number: int = 600, seed: int = 7) -> list[tuple[dict, bool]]:
    """Leads of which the referred and the patient ones buy."""
    dice = random.Random(seed)
    found = []
    for at in range(number):
        source, seconds = dice.choice(SOURCES), dice.randrange(0, 2000)
        facts = {
            "source": source,
            "time_on_site": seconds,
            "city": dice.choice(("Pune", "Select")),
            "ticket": f"T-{at}",
        }
        chance = 0.1 + 0.5 * (source == "Referral") + 0.3 * (seconds > 1000)
        found.append((facts, dice.random() < chance))
    return found


@pytest.mark.parametrize("floor", [0, 30])
@pytest.mark.parametrize("silent_days", [0, 45, 400])
def test_reasons_add_up_to_every_score(floor, silent_days):
    model = learning.train(leads())
    for facts, _ in leads(300, seed=8):
        for weights in (None, model):
            score = scoring.Scorer(weights).score(facts, floor=floor, silent_days=silent_days)
            assert scoring.add_up(score.reasons) == score.points
            assert floor <= score.points <= 100


def test_hand_set_points_name_what_they_are_for():
    facts = scoring.facts_of(email="a@acme.in", phone="+919876543210", source="web", note="What is the price?")
    score = scoring.Scorer().score(facts)
    assert {reason["factor"]: reason["points"] for reason in score.reasons} == {
        "start": 20, "source": 15, "email_kind": 10, "phone": 10, "asks_to_buy": 10,
    }  # fmt: skip
    assert (score.points, score.model) == (65, "rules")


def test_more_than_100_is_cut_with_a_reason():
    facts = {"source": "referral", "email_kind": "business", "phone": "x", "business_name": "x", "decides": "yes"}
    facts |= {"asks_to_buy": "yes", "intent": "asking_price"}
    score = scoring.Scorer().score(facts)
    assert score.points == 100
    assert score.reasons[-1] == {"factor": "limit", "label": "A score ends at 100", "points": -15}


def test_shown_interest_lifts_a_cold_lead_with_a_reason():
    score = scoring.Scorer().score({"do_not_email": "yes"}, floor=30)
    assert score.points == 30
    assert score.reasons[-1]["label"] == "Lifted by shown interest"


def test_silence_costs_five_points_a_week_after_30_days():
    def silence(days):
        reasons = scoring.Scorer().score({}, silent_days=days).reasons
        return sum(reason["points"] for reason in reasons if reason["factor"] == "silence")

    assert [silence(days) for days in (30, 31, 37, 38, 44, 1000)] == [0, -5, -5, -10, -10, -40]


def test_learned_score_tells_buyers_from_others():
    scorer = scoring.Scorer(learning.train(leads()))
    fresh = leads(600, seed=9)
    value = learning.auc([scorer.score(facts).exact for facts, _ in fresh], [won for _, won in fresh])
    assert value > 0.72


def test_unlearning_takes_back_exactly_what_was_learned():
    model = learning.train(leads())
    before = str(model)
    facts = {"source": "Never seen before", "time_on_site": 4000, "city": "Pune"}
    taught = learning.learn(model, facts, won=True)
    assert taught["won"] == model["won"] + 1
    assert taught != model
    assert learning.unlearn(taught, facts, won=True) == model
    assert str(model) == before


def test_each_learned_win_raises_its_like():
    model = learning.train(leads())
    facts = {"source": "Chat", "time_on_site": 100, "city": "Pune"}
    before = scoring.Scorer(model).score(facts).exact
    for _ in range(20):
        model = learning.learn(model, facts, won=True)
    assert scoring.Scorer(model).score(facts).exact > before + 5


def test_training_is_deterministic():
    assert learning.train(leads()) == learning.train(leads())


def test_numbers_of_its_own_on_each_row_are_no_factor():
    assert "ticket" not in learning.train(leads())["factors"]


def test_outcome_beside_the_facts_is_no_factor():
    examples = [(facts | {"outcome": "won" if won else "lost"}, won) for facts, won in leads()]
    clean = [(scoring.facts_of(facts), won) for facts, won in examples]
    assert "outcome" not in learning.train(clean)["factors"]


def test_a_door_that_never_asked_is_not_held_against_the_lead():
    model = learning.train(leads())
    reasons = scoring.Scorer(model).score({"email_kind": "business"}).reasons
    assert {reason["factor"] for reason in reasons} == {"start", "email_kind"}


@pytest.mark.parametrize("placeholder", ["Select", "", None, "N/A", "unknown"])
def test_placeholders_count_as_unknown(placeholder):
    model = learning.train(leads())
    asked = {"source": placeholder, "time_on_site": 500, "city": "Pune"}
    blank = {"source": "", "time_on_site": 500, "city": "Pune"}
    assert scoring.Scorer(model).score(asked).points == scoring.Scorer(model).score(blank).points


@pytest.mark.parametrize("junk", ["abc", "1e999", "NaN", "-", "٣", "1,200"])
def test_junk_numbers_never_break_the_score(junk):
    model = learning.train(leads())
    score = scoring.Scorer(model).score({"source": "Google", "time_on_site": junk, "visits": junk})
    assert scoring.add_up(score.reasons) == score.points


def test_too_few_outcomes_teach_nothing():
    with pytest.raises(ValueError, match="needs 30 won and 30 lost"):
        learning.train(leads(40))


def test_auc_counts_ties_half_and_needs_both_kinds():
    assert learning.auc([1, 2, 3, 4], [False, False, True, True]) == 1.0
    assert learning.auc([5, 5], [True, False]) == 0.5
    assert learning.auc([1, 2], [True, True]) is None


def test_hot_warm_and_cold():
    assert [temperature(points) for points in (100, 80, 79, 50, 49, 0)] == [
        "hot", "hot", "warm", "warm", "cold", "cold",
    ]  # fmt: skip


def test_unlearning_what_was_never_learned_leaves_counts_that_score():
    facts = {"source": "web"}
    model = learning.train(leads())
    for _ in range(model["won"] + 5):
        model = learning.unlearn(model, facts, won=True)
    counts = [count for factor in model["factors"].values() for pair in factor["values"].values() for count in pair]
    assert min([model["won"], model["lost"], *counts]) >= 0
    assert 0 <= scoring.Scorer(model).score(facts).points <= 100
