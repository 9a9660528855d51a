"""Every number against scipy, statsmodels, or a published value."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from vqaft.evaluation.statistics.bootstrap import bootstrap_interval, bootstrap_means
from vqaft.evaluation.statistics.clustered_mean import (
    ClusterSums,
    cluster_codes,
    cluster_robust_error,
    cluster_robust_interval,
    cluster_sums,
    mean_interval,
    wilson_interval,
)
from vqaft.evaluation.statistics.paired_tests import (
    detectable_difference,
    difference_interval,
    difference_test,
    holm,
    mcnemar_exact,
    sign_flip_exact,
    whole_steps,
)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_wilson_is_scipys_and_statsmodels(counts: tuple[int, int], level: float) -> None:
    ours = wilson_interval(*counts, confidence=level)
    theirs = stats.binomtest(*counts).proportion_ci(level, method="wilson")
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    low, high = proportion_confint(*counts, alpha=1 - level, method="wilson")
    assert (ours.low, ours.high) == pytest.approx((max(0, low), min(1, high)), abs=1e-12)


def test_wilson_of_the_cookbooks_figures() -> None:
    tuned, base = wilson_interval(172, 190), wilson_interval(167, 190)
    assert [round(100 * end, 1) for end in (tuned.low, tuned.high, base.low, base.high)] == [85.5, 93.9, 82.5, 91.8]


@given(st.integers(0, 500), st.integers(0, 500))
def test_mcnemar_is_statsmodels(won: int, lost: int) -> None:
    theirs = mcnemar([[0, won], [lost, 0]], exact=True).pvalue if won + lost else 1.0
    assert mcnemar_exact(won, lost) == pytest.approx(theirs, abs=1e-10)
    if won + lost:
        assert mcnemar_exact(won, lost) == pytest.approx(stats.binomtest(won, won + lost).pvalue, abs=1e-10)


def test_mcnemar_of_the_cookbooks_kindest_pairing() -> None:
    assert mcnemar_exact(5, 0) == 0.0625


@given(st.integers(0, 60), st.integers(0, 60))
def test_sign_flip_of_single_rows_is_mcnemar(won: int, lost: int) -> None:
    steps = np.array([1] * won + [-1] * lost + [0] * 5)
    assert sign_flip_exact(steps) == pytest.approx(mcnemar_exact(won, lost), abs=1e-12)


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


def by_index(clusters: ClusterSums, *, resamples: int, seed: int) -> NDArray[np.float64]:
    """The bootstrap as it is usually written."""
    rng, m = np.random.default_rng(seed), len(clusters.sums)
    drawn = [rng.integers(0, m, size=m) for _ in range(resamples)]
    return np.array([clusters.sums[one].sum() / clusters.sizes[one].sum() for one in drawn])


@pytest.mark.parametrize("kind", ["levels", "graded", "skewed"])
def test_bootstrap_by_kinds_is_the_bootstrap_by_index(kind: str) -> None:
    rng = np.random.default_rng(5)
    sizes = rng.integers(1, 6, size=600).astype(float)
    sums = {
        "levels": np.rint(rng.normal(size=600)),
        "graded": rng.normal(0.2, 1, size=600) * sizes,
        "skewed": np.where(rng.random(600) < 0.9, 0.0, rng.random(600)) * sizes,
    }[kind]
    clusters = ClusterSums(sums=sums, sizes=sizes)
    ours, theirs = bootstrap_means(clusters, resamples=20_000, seed=1), by_index(clusters, resamples=20_000, seed=2)
    assert stats.ks_2samp(ours, theirs).statistic < 0.02
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.03 * theirs.std())
    assert ours.std() == pytest.approx(theirs.std(), rel=0.02)
    assert ours.std() == pytest.approx(cluster_robust_error(clusters), rel=0.02)


def test_bootstrap_interval_is_near_scipys_for_many_clusters() -> None:
    values = np.random.default_rng(7).choice([-1.0, 0.0, 1.0], p=[0.05, 0.8, 0.15], size=2000)
    ours = bootstrap_interval(cluster_sums(values, np.arange(2000)))
    theirs = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=5000, rng=1).confidence_interval
    assert ours is not None
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.002)


def test_the_same_seed_gives_the_same_interval() -> None:
    clusters = cluster_sums(np.random.default_rng(1).random(50), np.arange(50) // 2)
    assert bootstrap_interval(clusters, seed=4) == bootstrap_interval(clusters, seed=4)
    assert bootstrap_interval(clusters, seed=4) != bootstrap_interval(clusters, seed=5)


def test_too_few_clusters_give_no_interval() -> None:
    one = cluster_sums(np.array([1.0, 0.0]), np.array([0, 0]))
    assert bootstrap_interval(one) is None
    assert cluster_robust_interval(one) is None
    assert difference_interval(one) is None
    assert mean_interval(np.array([0.3, 0.4]), np.array([0, 0])) is None
    odd = np.array([0.1234, math.pi / 9])
    assert difference_test(odd, cluster_sums(odd, np.array([0, 0]))) == ("cluster-robust t", 1.0)


def test_no_variance_is_not_certainty() -> None:
    same = cluster_sums(np.zeros(50), np.arange(50))
    interval = difference_interval(same)
    assert interval is not None
    z2 = stats.norm.ppf(0.975) ** 2
    assert interval.high == pytest.approx(z2 / (50 + z2))
    assert interval.low == -interval.high
    sure = cluster_sums(np.ones(50), np.arange(50))
    assert (found := difference_interval(sure)) is not None
    assert found.low < 1 == found.high


def test_detectable_difference_is_statsmodels_power() -> None:
    # a difference d of standard error s is found with power Phi(d / s - z), but for the other side
    error = 0.03
    found = detectable_difference(error, confidence=0.95, power=0.8)
    assert stats.norm.sf(stats.norm.ppf(0.975) - found / error) == pytest.approx(0.8)


def test_codes_number_groups_as_they_come() -> None:
    assert cluster_codes(["b", "a", "b", "c"]).tolist() == [0, 1, 0, 2]
    assert cluster_codes([]).tolist() == []


def test_a_difference_that_never_varies_is_certain() -> None:
    same = np.full(30, math.pi / 10)
    assert difference_test(same, cluster_sums(same, np.arange(30)))[1] == pytest.approx(0.0, abs=1e-12)
