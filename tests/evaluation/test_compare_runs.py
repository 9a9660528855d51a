from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vqaft.errors import EvaluationError
from vqaft.evaluation import Evaluation, compare_runs
from vqaft.evaluation.statistics import cluster_robust_error, cluster_sums

Make = Callable[..., Evaluation]


def runs(make: Make, rng: np.random.Generator, count: int, *, share: float, spread: float, n: int) -> list[Evaluation]:
    """Runs that differ by their luck in training, and a little in every answer."""
    ease = np.random.default_rng(9).normal(size=n)
    found = []
    for _ in range(count):
        luck = rng.normal(0, spread)
        found.append(make((ease + rng.normal(0, 0.3, size=n) + luck > -share).astype(float).tolist()))
    return found


def test_luck_between_runs_widens_the_interval(evaluation: Make) -> None:
    rng = np.random.default_rng(1)
    steady = compare_runs(
        runs(evaluation, rng, 5, share=0.3, spread=0.0, n=400), runs(evaluation, rng, 5, share=0.5, spread=0.0, n=400)
    )
    moody = compare_runs(
        runs(evaluation, rng, 5, share=0.3, spread=0.4, n=400), runs(evaluation, rng, 5, share=0.5, spread=0.4, n=400)
    )
    assert steady.between_runs is not None
    assert moody.between_runs is not None
    assert moody.between_runs > 3 * steady.between_runs
    assert moody.difference.interval is not None
    assert steady.difference.interval is not None
    width = moody.difference.interval.high - moody.difference.interval.low
    assert width > 2 * (steady.difference.interval.high - steady.difference.interval.low)
    assert "between runs" in str(moody)


def test_one_run_each_knows_examples_only(evaluation: Make) -> None:
    base, tuned = evaluation([0.0, 1.0, 0.0, 1.0]), evaluation([1.0, 1.0, 0.0, 1.0])
    found = compare_runs([base], [tuned])
    assert found.between_runs is None
    assert found.between_examples == pytest.approx(
        cluster_robust_error(cluster_sums(np.array([1.0, 0, 0, 0]), np.arange(4)))
    )
    assert found.difference.interval is None
    assert "One run each" in str(found)


def test_figures_are_those_of_the_runs(evaluation: Make) -> None:
    base = [evaluation([0.0, 1.0, None]), evaluation([1.0, 1.0, 1.0])]
    found = compare_runs(base, [evaluation([1.0, 1.0, 0.0])])
    assert found.n == 2  # the third example has no score in one run
    assert (found.base, found.tuned) == ((0.5, 1.0), (1.0,))
    assert found.difference.value == pytest.approx(0.25)
    assert "One tuned run only" in found.caveat


def test_what_cannot_be_compared_is_an_error(evaluation: Make) -> None:
    with pytest.raises(EvaluationError, match="one run"):
        compare_runs([], [evaluation([1.0])])
    with pytest.raises(EvaluationError, match="no example has a score"):
        compare_runs([evaluation([1.0, None])], [evaluation([None, 1.0])])


def test_no_variance_gives_no_interval(evaluation: Make) -> None:
    assert compare_runs([evaluation([1.0, 1.0])], [evaluation([1.0, 1.0])]).difference.interval is None


def test_intervals_of_several_runs_cover(evaluation: Make) -> None:
    """Both sources of chance drawn anew: 95 % intervals cover in 95 of 100 cases at least."""
    rng = np.random.default_rng(8)
    covered, rounds = 0, 200
    for _ in range(rounds):
        shares = 0.6 + rng.normal(0, 0.05, size=8)
        values = [(rng.random(60) < share).astype(float).tolist() for share in shares]
        interval = compare_runs(
            [evaluation(one) for one in values[:4]], [evaluation(one) for one in values[4:]]
        ).difference.interval
        assert interval is not None
        covered += 0.0 in interval
    assert covered / rounds >= 0.88


def test_the_noise_of_answers_counts_once(evaluation: Make) -> None:
    """Runs without an effect of their own: the standard error is that of the differences that are seen."""
    rng = np.random.default_rng(10)
    ease = rng.uniform(0.3, 0.9, size=80)
    seen, errors, doubled = [], [], []
    for _ in range(150):
        sides = [[evaluation((rng.random(80) < ease).astype(float).tolist()) for _ in range(3)] for _ in range(2)]
        found = compare_runs(*sides)
        interval = found.difference.interval
        assert interval is not None
        assert found.between_runs is not None
        seen.append(found.difference.value or 0.0)
        errors.append(found.between_examples**2 + found.between_runs**2)
        raw = [float(np.var(side, ddof=1)) / 3 for side in (found.base, found.tuned)]
        doubled.append(found.between_examples**2 + sum(raw))
    true = float(np.mean(np.square(seen)))
    assert float(np.mean(errors)) == pytest.approx(true, rel=0.45)
    assert float(np.mean(doubled)) > 1.45 * true


def test_one_run_borrows_the_others_variance(evaluation: Make) -> None:
    rng = np.random.default_rng(11)
    covered, rounds = 0, 150
    for _ in range(rounds):
        values = [(rng.random(100) < 0.6 + rng.normal(0, 0.06)).astype(float).tolist() for _ in range(4)]
        found = compare_runs([evaluation(values[0])], [evaluation(one) for one in values[1:]])
        assert found.difference.interval is not None
        covered += 0.0 in found.difference.interval
    assert covered / rounds > 0.86  # .78 where the base model's runs are taken not to vary at all
