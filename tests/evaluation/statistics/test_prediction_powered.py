from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from vqaft.evaluation.statistics import prediction_powered_mean


def population(rng: np.random.Generator, n: int, *, known: int, bias: float) -> tuple[np.ndarray, np.ndarray]:
    truth = rng.normal(0.1, 1, size=n)
    predicted = truth + bias + rng.normal(0, 0.3, size=n)
    truth[known:] = np.nan
    return truth, predicted


def test_the_papers_formula() -> None:
    truth, predicted = population(np.random.default_rng(1), 500, known=100, bias=0.5)
    found = prediction_powered_mean(truth, predicted, np.arange(500), weight=1.0)
    rectifier = truth[:100] - predicted[:100]
    expected = predicted[100:].mean() + rectifier.mean()
    error = math.sqrt(predicted[100:].var(ddof=1) / 400 + rectifier.var(ddof=1) / 100)
    assert found.value == pytest.approx(expected)
    assert found.interval is not None
    assert found.interval.high == pytest.approx(expected + stats.norm.ppf(0.975) * error)


def test_intervals_cover_and_are_narrower_than_people_alone() -> None:
    rng = np.random.default_rng(2)
    covered, narrower, rounds = 0, 0, 2000
    for _ in range(rounds):
        truth, predicted = population(rng, 400, known=80, bias=0.5)
        found = prediction_powered_mean(truth, predicted, np.arange(400)).interval
        assert found is not None
        covered += 0.1 in found
        narrower += found.high - found.low < 2 * stats.norm.ppf(0.975) * np.nanstd(truth, ddof=1) / math.sqrt(80)
    assert 0.93 <= covered / rounds <= 0.97
    assert narrower == rounds


def test_useless_predictions_do_no_harm() -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(size=300)
    truth[60:] = np.nan
    noise = rng.normal(0, 5, size=300)
    chosen = prediction_powered_mean(truth, noise, np.arange(300)).interval
    forced = prediction_powered_mean(truth, noise, np.arange(300), weight=1.0).interval
    assert chosen is not None
    assert forced is not None
    alone = 2 * stats.norm.ppf(0.975) * np.nanstd(truth, ddof=1) / math.sqrt(60)
    assert chosen.high - chosen.low < 1.1 * alone < forced.high - forced.low


def test_all_values_known_is_the_plain_mean() -> None:
    truth = np.array([1.0, 0.0, 1.0, 1.0])
    found = prediction_powered_mean(truth, 1 - truth, np.arange(4))
    assert found.value == 0.75
    assert found.interval is not None
    assert found.interval.high - 0.75 == pytest.approx(stats.norm.ppf(0.975) * truth.std(ddof=1) / 2)


def test_one_cluster_gives_no_interval() -> None:
    truth = np.array([1.0, 0.0, np.nan])
    assert prediction_powered_mean(truth, np.ones(3), np.zeros(3, dtype=np.intp)).interval is None
