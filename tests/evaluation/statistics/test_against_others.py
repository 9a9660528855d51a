"""Every number against scipy, statsmodels, or a published value."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from vqaft.evaluation.statistics import (
    ClusterSums,
    bounded_mean_interval,
    clopper_pearson,
    cluster_codes,
    cluster_robust_error,
    cluster_robust_interval,
    cluster_sums,
    difference_interval,
    difference_test,
    holm,
    mcnemar_exact,
    mcnemar_mid_p,
    mean_interval,
    sign_flip_exact,
    whole_steps,
)


@settings(deadline=None)  # the first call imports scipy
@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_clopper_pearson_is_scipys(counts: tuple[int, int], level: float) -> None:
    ours = clopper_pearson(*counts, confidence=level)
    theirs = stats.binomtest(*counts).proportion_ci(level, method="exact")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize("right", [0, 3, 20, 24, 25])
def test_the_bootstrap_of_single_answers_is_clopper_pearson(right: int) -> None:
    values = np.array([1.0] * right + [0.0] * (25 - right))
    exact = clopper_pearson(right, 25)
    ours = bounded_mean_interval(cluster_sums(values, np.arange(25)), bounds=(0, 1), extra=1.0, resamples=200_000)
    assert (ours.low, ours.high) == pytest.approx((exact.low, exact.high), abs=0.004)


@pytest.mark.parametrize(("won", "lost"), [(6, 0), (5, 0), (12, 3), (11, 4), (30, 16)])
def test_the_interval_of_pairs_agrees_with_mcnemar(won: int, lost: int) -> None:
    """It leaves zero out where the exact test finds a difference: the shares of draws below zero are its p-value."""
    values = np.array([1.0] * won + [-1.0] * lost + [0.0] * 60)
    p_value = mcnemar_exact(won, lost)
    interval = difference_interval(
        cluster_sums(values, np.arange(len(values))), confidence=1 - p_value, resamples=200_000
    )
    assert interval.low == pytest.approx(0.0, abs=0.002)


@settings(deadline=None)  # the first call imports scipy
@given(st.integers(0, 200), st.integers(0, 200))
def test_mid_p_leaves_half_of_what_was_seen_out(won: int, lost: int) -> None:
    n = won + lost
    half = stats.binom.cdf(min(won, lost), n, 0.5) - stats.binom.pmf(won, n, 0.5) / 2
    assert mcnemar_mid_p(won, lost) == pytest.approx(min(1.0, 2 * half), abs=1e-9)


@settings(deadline=None)  # the first call imports scipy
@given(st.integers(0, 500), st.integers(0, 500))
def test_mcnemar_is_statsmodels(won: int, lost: int) -> None:
    theirs = mcnemar([[0, won], [lost, 0]], exact=True).pvalue if won + lost else 1.0
    assert mcnemar_exact(won, lost) == pytest.approx(theirs, abs=1e-10)
    if won + lost:
        assert mcnemar_exact(won, lost) == pytest.approx(stats.binomtest(won, won + lost).pvalue, abs=1e-10)


def test_mcnemar_of_the_cookbooks_kindest_pairing() -> None:
    assert mcnemar_exact(5, 0) == 0.0625


@settings(deadline=None)  # the first call imports scipy
@given(st.integers(0, 60), st.integers(0, 60))
def test_sign_flip_of_single_rows_is_mcnemar(won: int, lost: int) -> None:
    steps = np.array([1] * won + [-1] * lost + [0] * 5)
    assert sign_flip_exact(steps) == pytest.approx(mcnemar_exact(won, lost), abs=1e-12)


@settings(deadline=None)  # the first call imports scipy
@given(st.lists(st.integers(-4, 4), min_size=1, max_size=9))
def test_sign_flip_counts_all_patterns(sums: list[int]) -> None:
    totals = [
        sum(map(math.prod, zip(signs, sums, strict=True))) for signs in itertools.product((1, -1), repeat=len(sums))
    ]
    share = sum(abs(total) >= abs(sum(sums)) for total in totals) / len(totals)
    assert sign_flip_exact(np.array(sums)) == pytest.approx(share, abs=1e-12)


def test_sign_flip_is_scipys_permutation_test() -> None:
    rng = np.random.default_rng(3)
    sums = rng.integers(-3, 5, size=12)
    theirs = stats.permutation_test(
        (sums.astype(float),), np.sum, permutation_type="samples", n_resamples=10_000, vectorized=False
    )
    assert sign_flip_exact(sums) == pytest.approx(theirs.pvalue, abs=1e-12)


def test_steps_of_levels_are_found() -> None:
    thirds = np.array([1 / 3, -2 / 3, 1.0, 0.0])
    steps = whole_steps(thirds)
    assert steps is not None
    assert steps.tolist() == [1, -2, 3, 0]
    assert whole_steps(np.array([math.pi, 1.0])) is None
    assert whole_steps(np.full(300_000, 1.0)) is None


@pytest.mark.parametrize("n", range(1, 13))
def test_holm_is_statsmodels(n: int) -> None:
    p_values = np.random.default_rng(n).beta(0.3, 1, size=n).round(3).tolist()
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1].tolist())


def test_holm_of_nothing() -> None:
    assert holm([]) == []


@settings(deadline=None)  # the first call imports scipy
@given(st.integers(2, 30), st.integers(0, 2**32 - 1))
def test_cluster_robust_is_statsmodels(m: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(m), rng.integers(1, 6, size=m))
    values = rng.normal(size=len(groups)) + rng.normal(size=m)[groups]
    fit = sm.OLS(values, np.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    ours = cluster_robust_error(cluster_sums(values, groups))
    # statsmodels' own correction also has (n - 1) / (n - k), which is 1 for a mean.
    assert ours == pytest.approx(float(fit.bse[0]) * math.sqrt(m / (m - 1)), rel=1e-9, abs=1e-12)


def test_single_clusters_give_students_t() -> None:
    values = np.random.default_rng(1).random(40)
    ours = cluster_robust_interval(cluster_sums(values, np.arange(40)))
    theirs = stats.ttest_1samp(values, 0).confidence_interval()
    assert ours is not None
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))


def test_graded_test_is_scipys_t() -> None:
    differences = np.random.default_rng(2).normal(0.1, 1, size=50)
    name, p_value = difference_test(differences, cluster_sums(differences, np.arange(50)))
    assert name == "cluster-robust t"
    assert p_value == pytest.approx(stats.ttest_1samp(differences, 0).pvalue)


def by_index(clusters: ClusterSums, *, resamples: int, seed: int) -> tuple[float, float]:
    """The Bayesian bootstrap as it is usually written: one weight for each cluster."""
    rng = np.random.default_rng(seed)
    weights, more = rng.standard_exponential((resamples, len(clusters.sums))), rng.standard_exponential(resamples)
    top, bottom = weights @ clusters.sums, weights @ clusters.sizes + more
    return float(np.quantile((top - more) / bottom, 0.025)), float(np.quantile((top + more) / bottom, 0.975))


@pytest.mark.parametrize("kind", ["levels", "graded", "skewed"])
def test_bootstrap_by_kinds_is_the_bootstrap_by_index(kind: str) -> None:
    rng = np.random.default_rng(5)
    sizes = rng.integers(1, 6, size=600).astype(float)
    sums = {
        "levels": np.rint(rng.normal(size=600)),
        "graded": rng.normal(0.2, 1, size=600) * sizes,
        "skewed": np.where(rng.random(600) < 0.9, 0.0, rng.random(600)) * sizes,
    }[kind]
    clusters = ClusterSums(sums=sums, sizes=sizes, squares=float(sums @ sums))
    ours = bounded_mean_interval(clusters, bounds=(-1, 1), extra=1.0, resamples=20_000, seed=1)
    low, high = by_index(clusters, resamples=20_000, seed=2)
    assert (ours.low, ours.high) == pytest.approx((low, high), abs=0.03 * (high - low))


def test_the_same_seed_gives_the_same_interval() -> None:
    values, codes = np.random.default_rng(1).random(50), np.arange(50) // 2
    assert mean_interval(values, codes, seed=4) == mean_interval(values, codes, seed=4)
    assert mean_interval(values, codes, seed=4) != mean_interval(values, codes, seed=5)


def test_one_image_says_almost_nothing() -> None:
    one = cluster_sums(np.array([1.0, 1.0]), np.array([0, 0]))
    assert cluster_robust_interval(one) is None
    assert difference_interval(one).low < -0.9
    assert mean_interval(np.array([1.0, 1.0]), np.array([0, 0])).low < 0.05
    odd = np.array([0.1234, math.pi / 9])
    assert difference_test(odd, cluster_sums(odd, np.array([0, 0]))) == ("cluster-robust t", 1.0)


def test_no_variance_is_not_certainty() -> None:
    interval = difference_interval(cluster_sums(np.zeros(50), np.arange(50)), resamples=100_000)
    assert interval.high == pytest.approx(1 - 0.025 ** (1 / 50), abs=0.002)
    assert interval.low == pytest.approx(-interval.high, abs=0.004)
    sure = difference_interval(cluster_sums(np.ones(50), np.arange(50)))
    assert sure.low < 0.95 < sure.high == 1
    assert cluster_robust_interval(cluster_sums(np.ones(50), np.arange(50))) is None


def test_design_effect_is_the_variance_between_images_over_that_of_rows() -> None:
    together = cluster_sums(np.repeat([1.0, 0.0, 1.0, 0.0], 5), np.repeat(np.arange(4), 5))
    assert together.design_effect == pytest.approx(5.0)
    apart = cluster_sums(np.tile([1.0, 0.0], 10), np.repeat(np.arange(10), 2))
    assert apart.design_effect == 1.0
    assert not together.uneven
    lopsided = cluster_sums(np.ones(60), np.array([*range(40), *[40] * 20]))
    assert lopsided.uneven
    assert "unreliable" in difference_interval(lopsided).method


def test_codes_number_groups_as_they_come() -> None:
    assert cluster_codes(["b", "a", "b", "c"]).tolist() == [0, 1, 0, 2]
    assert cluster_codes([]).tolist() == []


def test_a_difference_that_never_varies_is_certain() -> None:
    same = np.full(30, math.pi / 10)
    assert difference_test(same, cluster_sums(same, np.arange(30)))[1] < 1e-8
    few = np.full(2, 0.1234)
    assert difference_test(few, cluster_sums(few, np.arange(2))) == ("cluster-robust t", 0.5)
