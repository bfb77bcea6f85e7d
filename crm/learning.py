"""Learning the score: weights fitted once in a while, counts that every outcome adds to and takes back from."""

import copy
import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

from crm.scoring import (
    BLANKS,
    DOOR_BLANKS,
    Facts,
    Model,
    Scorer,
    as_number,
    evidence,
    is_blank,
    prior,
    token_of,
    tokens_of,
)

Example = tuple[Facts, bool]
FEWEST_OUTCOMES = 30  # of each kind; with fewer there is nothing to learn


def train(examples: Sequence[Example]) -> Model:
    """Learn a model from leads whose outcome is known. Raises ValueError when they are too few."""
    won = sum(1 for _, outcome in examples if outcome)
    lost = len(examples) - won
    if min(won, lost) < FEWEST_OUTCOMES:
        raise ValueError(
            f"Learning needs {FEWEST_OUTCOMES} won and {FEWEST_OUTCOMES} lost leads; got {won} and {lost}."
        )
    model: Model = {"version": 1, "won": 0, "lost": 0, "shift": 0.0, "factors": _choose_factors(examples)}
    rows = [(tokens_of(facts, model["factors"]), outcome) for facts, outcome in examples]
    for tokens, outcome in rows:
        _count(model, tokens, outcome, 1)
    for factor in model["factors"].values():
        if len(factor["values"]) < 2:
            factor["weight"] = 0.0
    _fit(model, rows)
    model["factors"] = {key: factor for key, factor in model["factors"].items() if factor["weight"] > 0}
    return model


def learn(model: Model, facts: Facts, *, won: bool) -> Model:
    """The model after one more known outcome."""
    return _counted(model, facts, won, 1)


def unlearn(model: Model, facts: Facts, *, won: bool) -> Model:
    """The exact reverse of `learn`: the model as if that outcome had never been known."""
    return _counted(model, facts, won, -1)


def auc(scores: Sequence[float], outcomes: Sequence[bool]) -> float | None:
    """The chance that a won lead scores above a lost one (ties count half); None without both kinds."""
    order = sorted(range(len(scores)), key=scores.__getitem__)
    won = sum(1 for outcome in outcomes if outcome)
    lost = len(outcomes) - won
    if not won or not lost:
        return None
    ranks, first = 0.0, 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and scores[order[last + 1]] == scores[order[first]]:
            last += 1
        ranks += sum(1 for at in order[first : last + 1] if outcomes[at]) * ((first + last) / 2 + 1)
        first = last + 1
    return (ranks - won * (won + 1) / 2) / (won * lost)


def held_out_auc(examples: Sequence[Example]) -> float | None:
    """How well a model of seven in ten examples tells the other three apart; None when there are too few."""
    rest = [example for at, example in enumerate(examples) if at % 10 > 6]
    try:
        scorer = Scorer(train([example for at, example in enumerate(examples) if at % 10 <= 6]))
    except ValueError:
        return None
    value = auc([scorer.score(facts).exact for facts, _ in rest], [won for _, won in rest])
    return None if value is None else round(value, 4)


def _choose_factors(examples: Sequence[Example]) -> dict[str, Any]:
    """Every fact that varies and repeats is a factor; numbers are cut into tenths."""
    values: dict[str, list[Any]] = {}
    for facts, _ in examples:
        for key, value in facts.items():
            values.setdefault(key, []).append(None if is_blank(value) else value)
    factors: dict[str, Any] = {}
    for key, column in values.items():
        given = [value for value in column if value is not None]
        numbers = [number for value in given if (number := as_number(value)) is not None]
        cuts = None
        if len(numbers) >= 0.95 * len(given) and len(set(numbers)) > 6:
            numbers.sort()
            cuts = sorted({numbers[len(numbers) * tenth // 10] for tenth in range(1, 10)})
        elif len({token_of(value) for value in given}) > max(60, len(column) // 20):
            continue  # a name or a number of its own on every row: nothing to learn from
        factors[key] = {"weight": 0.5, "cuts": cuts, "values": {}}
    for key in (BLANKS, DOOR_BLANKS):
        factors[key] = {"weight": 0.5, "cuts": None, "values": {}}
    return factors


def _fit(model: Model, rows: Sequence[tuple[dict[str, str], bool]], *, rounds: int = 5, pace: float = 0.1) -> None:
    """Fit the weights by AdaGrad. Each row's own outcome is left out of its evidence, weights stay ≥ 0."""
    factors = model["factors"]
    average = prior(model)
    sizes = dict.fromkeys(factors, 0.1)
    shift, shift_size = 0.0, 0.1
    inputs = []
    for tokens, outcome in rows:
        own = (0, 1) if outcome else (1, 0)
        vector = []
        for key, token in tokens.items():
            if factors[key]["weight"]:
                lost, won = factors[key]["values"][token]
                vector.append((key, evidence((lost - own[0], won - own[1]), model)))
        inputs.append((vector, 1.0 if outcome else 0.0))
    weights = {key: factor["weight"] for key, factor in factors.items()}
    shuffle = random.Random(1).shuffle  # noqa: S311 - the order of training, the same every time
    for _ in range(rounds):
        shuffle(inputs)
        for vector, truth in inputs:
            margin = average + shift + sum(weights[key] * value for key, value in vector)
            error = 1 / (1 + math.exp(-max(-30.0, min(30.0, margin)))) - truth
            shift_size += error * error
            shift -= pace * error / math.sqrt(shift_size)
            for key, value in vector:
                slope = error * value + 0.001 * weights[key]
                sizes[key] += slope * slope
                weights[key] = max(0.0, weights[key] - pace * slope / math.sqrt(sizes[key]))
    model["shift"] = shift
    for key, factor in factors.items():
        factor["weight"] = round(weights[key], 6)


def _count(model: Model, tokens: Mapping[str, str], won: bool, step: int) -> None:
    side = 1 if won else 0
    known = "won" if won else "lost"
    model[known] = max(0, model[known] + step)
    for key, token in tokens.items():
        counts = model["factors"][key]["values"].setdefault(token, [0, 0])
        counts[side] = max(0, counts[side] + step)
        if counts == [0, 0]:
            del model["factors"][key]["values"][token]


def _counted(model: Model, facts: Facts, won: bool, step: int) -> Model:
    changed = copy.deepcopy(model)
    _count(changed, tokens_of(facts, changed["factors"]), won, step)
    return changed
