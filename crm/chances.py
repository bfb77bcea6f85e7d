"""Whether a change is more than chance, and how good a forecast was: tests, intervals and scores; pure."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from math import ceil, erfc, exp, floor, lgamma, log, sqrt
from typing import Final

CLEAR: Final = 0.05  # the p below which a page speaks of a change
ALARM: Final = 0.01  # the p below which somebody is told
EXACT: Final = 2_000  # up to so many happenings, exact sums are used; beyond them the normal curve
Z95: Final = 1.959964

Counted = Sequence[tuple[int, int]]  # (value, how often), in order of value


def two_shares(won: int, of: int, won_before: int, of_before: int) -> float | None:
    """Return the p of two shares being the same; None where one of them is of nothing.

    The pooled two-proportion z-test, and Fisher's exact test (R. A. Fisher, 1922) where an expected number is below 5.
    """
    if not of or not of_before:
        return None
    every, hits = of + of_before, won + won_before
    if hits in (0, every):
        return 1.0
    share = hits / every
    if min(of, of_before) * min(share, 1 - share) >= 5:
        gap = won / of - won_before / of_before
        return _normal(gap / sqrt(share * (1 - share) * (1 / of + 1 / of_before)))
    low, high = max(0, hits - of_before), min(hits, of)
    logs = [_choose(of, k) + _choose(of_before, hits - k) for k in range(low, high + 1)]
    return _unlikelier(logs, won - low)


def two_counts(now: int, before: int, times: float = 1.0) -> float:
    """Return the p of two counts of rare happenings having one rate, `before` seen over `times` as long.

    The conditional test of two Poisson means: given their sum, one is binomial (Przyborowski and Wilenski, 1940).
    """
    every, share = now + before, 1 / (1 + times)
    if not every:
        return 1.0
    if every > EXACT:
        return _normal((now - every * share) / sqrt(every * share * (1 - share)))
    logs = [_choose(every, k) + k * log(share) + (every - k) * log(1 - share) for k in range(every + 1)]
    return _unlikelier(logs, now)


def two_sums(total: float, squares: float, before: float, squares_before: float) -> float | None:
    """Return the p of two sums of amounts that arrive by chance being of one size; None for two of nothing.

    Compound Poisson: the variance of such a sum is estimated by the sum of the squared amounts.
    """
    spread = squares + squares_before
    return _normal((total - before) / sqrt(spread)) if spread else None


def percentile(counted: Counted, share: float) -> int | None:
    """Return the smallest value that at least `share` of all are not above (the nearest rank); None for none."""
    every = sum(often for _, often in counted)
    return _ranked(counted, max(1, ceil(share * every))) if every else None


def median_interval(counted: Counted) -> tuple[int, int] | None:
    """Return the 95 % interval of the median by order statistics (W. R. Thompson, 1936); None below six values.

    The ranks are those of the binomial of a fair coin, by the normal curve beyond EXACT values.
    """
    every = sum(often for _, often in counted)
    if every < 6:
        return None
    if every > EXACT:
        rank = max(1, floor(every / 2 - Z95 * sqrt(every) / 2))
    else:
        rank, below = 0, exp(-every * log(2))
        while below <= 0.025:
            rank += 1
            below += exp(_choose(every, rank) - every * log(2))
    return _ranked(counted, rank), _ranked(counted, every + 1 - rank)


def two_medians(now: Counted, before: Counted) -> float | None:
    """Return the p of two medians being the same (Mood's test: shares above the median of both; A. M. Mood, 1950)."""
    both = sorted([*now, *before])
    middle = percentile(both, 0.5)
    if middle is None:
        return None
    edge = middle - (middle == both[-1][0])  # ties at the top count as above
    above = [sum(often for value, often in one if value > edge) for one in (now, before)]
    every = [sum(often for _, often in one) for one in (now, before)]
    return two_shares(above[0], every[0], above[1], every[1])


def brier(count: int, squares: float, hits: float, won: int) -> float | None:
    """Return the mean squared gap between chance and outcome (G. W. Brier, 1950): 0 is perfect; None for no forecast.

    Of `count` forecasts: the sum of their squares, the sum of those that came true, and how many did.
    """
    return (squares - 2 * hits + won) / count if count else None


def _normal(z: float) -> float:
    return erfc(abs(z) / sqrt(2))


def _choose(of: int, k: int) -> float:
    return lgamma(of + 1) - lgamma(k + 1) - lgamma(of - k + 1)


def _unlikelier(logs: Sequence[float], at: int) -> float:
    """The share of all outcomes that are no likelier than the one seen."""
    most = max(logs)
    weights = [exp(one - most) for one in logs]
    seen = weights[at] * (1 + 1e-9)
    return min(1.0, sum(one for one in weights if one <= seen) / sum(weights))


def _ranked(counted: Counted, rank: int) -> int:
    return counted[bisect_left(list(accumulate(often for _, often in counted)), rank)][0]
