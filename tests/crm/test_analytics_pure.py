"""The tests behind every claim of a change, against published values and against counting every outcome."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm import chances

few = st.integers(0, 12)
values = st.lists(st.integers(0, 500), min_size=1, max_size=60)


def counted(numbers: list[int]) -> list[tuple[int, int]]:
    return [(one, numbers.count(one)) for one in sorted(set(numbers))]


def test_the_tests_give_published_values():
    # Fisher's exact test of [[8, 2], [1, 5]]: p = 0.03497 (two-sided).
    assert chances.two_shares(8, 10, 1, 6) == pytest.approx(0.034965, abs=1e-6)
    # Pooled two-proportion z: 60 of 100 against 40 of 100 is z = 2.8284.
    assert chances.two_shares(60, 100, 40, 100) == pytest.approx(0.0046777, abs=1e-6)
    # A binomial of 3 in 20 with a fair coin: p = 0.0025768.
    assert chances.two_counts(3, 17) == pytest.approx(0.0025768, abs=1e-6)
    # Brier: chances .9, .9, .8 and .3 of outcomes 1, 0, 1 and 0.
    squares, hits = 0.81 + 0.81 + 0.64 + 0.09, 0.9 + 0.8
    mean = (0.01 + 0.81 + 0.04 + 0.09) / 4
    assert chances.brier(4, squares, hits, 2) == pytest.approx(mean)
    # The median of ten values lies between the 2nd and the 9th with 97.9 %, of six between the ends.
    assert chances.median_interval([(n, 1) for n in range(1, 11)]) == (2, 9)
    assert chances.median_interval([(n, 1) for n in range(1, 7)]) == (1, 6)


def test_nothing_to_compare_is_no_change():
    assert chances.two_shares(0, 0, 3, 9) is None
    assert chances.two_shares(0, 5, 0, 9) == 1.0
    assert chances.two_counts(0, 0) == 1.0
    assert chances.two_sums(0, 0, 0, 0) is None
    assert chances.percentile([], 0.5) is None
    assert chances.median_interval([(1, 5)]) is None
    assert chances.two_medians([], []) is None
    assert chances.brier(0, 0, 0, 0) is None


@given(few, few, few, few)
def test_fisher_is_the_sum_over_all_tables_that_are_no_likelier(won, lost, won_before, lost_before):
    of, of_before, hits = won + lost, won_before + lost_before, won + won_before
    p = chances.two_shares(won, of, won_before, of_before)
    every = of + of_before
    if not of or not of_before or hits in {0, every}:
        assert p in {None, 1.0}
        return
    if min(of, of_before) * min(hits / every, 1 - hits / every) >= 5:
        return
    odds = {
        k: Fraction(comb(of, k) * comb(of_before, hits - k), comb(every, hits))
        for k in range(max(0, hits - of_before), min(hits, of) + 1)
    }
    assert p == pytest.approx(float(sum(one for one in odds.values() if one <= odds[won])))


@given(few, few, st.integers(1, 9))
def test_two_counts_is_the_sum_over_all_outcomes_that_are_no_likelier(now, before, times):
    every, share = now + before, Fraction(1, 1 + times)
    odds = [comb(every, k) * share**k * (1 - share) ** (every - k) for k in range(every + 1)]
    expected = float(sum(one for one in odds if one <= odds[now]))
    assert chances.two_counts(now, before, times) == pytest.approx(expected)


@given(values, st.sampled_from((0.25, 0.5, 0.9, 1.0)))
def test_a_percentile_is_the_nearest_rank(numbers, share):
    found = chances.percentile(counted(numbers), share)
    assert sum(one <= found for one in numbers) >= share * len(numbers)
    assert sum(one < found for one in numbers) < share * len(numbers)


@given(values)
@settings(max_examples=50)
def test_the_interval_of_the_median_covers_it_with_95_percent(numbers):
    found = chances.median_interval(counted(numbers))
    if len(numbers) < 6:
        assert found is None
        return
    ordered, every = sorted(numbers), len(numbers)
    sure = [
        rank for rank in range(1, every // 2 + 1) if 1 - 2 * sum(comb(every, k) for k in range(rank)) / 2**every >= 0.95
    ]
    assert found == (ordered[max(sure) - 1], ordered[every - max(sure)])


def test_large_counts_agree_with_the_exact_ones():
    exact, normal = chances.two_counts(980, 1_020), chances.two_counts(9_800, 10_200)
    assert 0.3 < exact < 0.45
    assert normal == pytest.approx(0.0046777, abs=1e-6)
    assert chances.two_medians([(1, 50), (9, 50)], [(1, 20), (9, 80)]) < 0.001
    assert chances.two_sums(100, 100, 100, 100) == 1.0
    assert chances.two_sums(300, 100, 100, 100) < 0.001
