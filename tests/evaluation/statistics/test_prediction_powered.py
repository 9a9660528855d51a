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
    error = math.sqrt(100 / 98 * (predicted[100:].var() / 400 + rectifier.var() / 100))
    assert found.value == pytest.approx(expected)
    assert found.interval is not None
    assert found.interval.high == pytest.approx(expected + stats.t.ppf(0.975, 98) * error)


def test_intervals_cover_and_are_narrower_than_people_alone() -> None:
    rng = np.random.default_rng(2)
    covered, narrower, rounds = 0, 0, 2000
    for _ in range(rounds):
        truth, predicted = population(rng, 400, known=80, bias=0.5)
        found = prediction_powered_mean(truth, predicted, np.arange(400)).interval
        assert found is not None
        covered += 0.1 in found
        narrower += found.high - found.low < 2 * stats.norm.ppf(0.975) * np.nanstd(truth, ddof=1) / math.sqrt(80)
    assert 0.93 <= covered / rounds <= 0.98
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
    found = prediction_powered_mean(truth, 1 - truth, np.arange(4), bounds=(0, 1))
    assert found.value == 0.75
    assert found.interval is not None
    assert found.interval.low < 0.3 < found.interval.high


def test_equal_labels_are_not_certainty() -> None:
    truth, judged = np.full(200, np.nan), np.zeros(200)
    truth[:20] = 0
    judged[50:60], judged[60:64] = 1, -1
    for labels in (20, 120):
        truth[:labels] = 0
        interval = prediction_powered_mean(truth, judged, np.arange(200)).interval
        assert interval is not None
        assert interval.low < -1.5 / labels < 1.5 / labels < interval.high


@pytest.mark.parametrize(("labeled", "size"), [(5, 1), (15, 4), (60, 5)])
def test_few_and_clustered_labels_cover(labeled: int, size: int) -> None:
    """Labels of right-or-wrong differences, rows of one image partly labeled and alike."""
    rng = np.random.default_rng(7)
    images, rounds, covered, naive = 120, 400, 0, 0
    codes = np.repeat(np.arange(images), size)
    for _ in range(rounds):
        shared = rng.random(images) < 0.3
        truth = np.where(rng.random(len(codes)) < 0.6, shared[codes], rng.random(len(codes)) < 0.3).astype(np.float64)
        predicted = np.where(rng.random(len(codes)) < 0.8, truth, 1 - truth)
        chosen = rng.permutation(len(codes))[:labeled]
        known = np.full(len(codes), np.nan)
        known[chosen] = truth[chosen]
        found = prediction_powered_mean(known, predicted, codes)
        assert found.interval is not None
        covered += 0.3 in found.interval
        half = 1.96 * np.nanstd(known) / math.sqrt(labeled)
        naive += abs(float(np.nanmean(known)) - 0.3) <= half
    assert covered / rounds >= 0.88
    assert naive / rounds < 0.88 or labeled > 5
