"""Views of wins and losses, and short forms of benchmarks/trust_verdicts.py."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from vqaft.data import Power
from vqaft.evaluation.slice_comparison import detectable_gain
from vqaft.evaluation.statistics import (
    always_valid_p,
    cluster_sums,
    difference_interval,
    holm,
    mcnemar_exact,
    mcnemar_mid_p,
    sign_flip_exact,
    win_loss,
)

Floats = NDArray[np.float64]


def differences(won: int, lost: int, same: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([1.0] * won + [-1.0] * lost + [0.0] * same)


def test_figures_of_wins_and_losses() -> None:
    found = win_loss(differences(30, 10, 60), np.arange(100))
    assert found.win_share.value == 0.75
    assert found.odds_ratio.value == 3.0
    assert found.odds_ratio.interval is not None
    assert 1 < found.odds_ratio.interval.low < 3 < found.odds_ratio.interval.high
    assert found.mid_p < mcnemar_exact(30, 10) < found.always_valid_p
    assert found.probability_better == pytest.approx(1 - stats.beta.cdf(0.5, 30.5, 10.5))


def test_nothing_lost_has_no_odds_ratio() -> None:
    found = win_loss(differences(5, 0, 20), np.arange(25))
    assert found.odds_ratio.value is None
    assert found.win_share.value == 1


def test_wins_on_one_image_count_for_less() -> None:
    values = differences(30, 10, 0)
    apart, together = win_loss(values, np.arange(40)), win_loss(values, np.arange(40) // 10)
    assert together.probability_better < apart.probability_better
    assert together.always_valid_p > apart.always_valid_p
    assert together.win_share.interval is not None
    assert apart.win_share.interval is not None
    assert together.win_share.interval.low < apart.win_share.interval.low


def test_looking_ten_times_stays_below_the_level() -> None:
    rng = np.random.default_rng(10)
    usual = valid = 0
    for _ in range(300):
        values = (rng.random(500) < 0.5).astype(np.float64) - (rng.random(500) < 0.5)
        looks = [np.asarray(values[: 50 * (look + 1)]) for look in range(10)]
        usual += any(mcnemar_exact(int((one > 0).sum()), int((one < 0).sum())) <= 0.05 for one in looks)
        valid += any(always_valid_p(one, np.arange(len(one))) <= 0.05 for one in looks)
    assert valid / 300 <= 0.05
    assert usual / 300 > 0.08


def test_looks_at_uneven_images_stay_below_the_level() -> None:
    """One question gained on small images, as many questions lost on large ones: equally many right answers."""
    rng = np.random.default_rng(11)
    valid = by_image = 0
    for _ in range(200):
        sizes = np.where(rng.random(200) < 0.8, 1, 8)
        shift = np.where(sizes == 1, 0.2, -0.1)
        codes = np.repeat(np.arange(200), sizes)
        values = (rng.random(len(codes)) < 0.5 + shift[codes]).astype(np.float64) - (rng.random(len(codes)) < 0.5)
        means = np.bincount(codes, weights=values) / sizes
        looks = [codes < images for images in (50, 100, 150, 200)]
        valid += any(always_valid_p(values[seen], codes[seen]) <= 0.05 for seen in looks)
        by_image += any(always_valid_p(means[: 50 * n], np.arange(50 * n)) <= 0.05 for n in range(1, 5))
    assert valid / 200 <= 0.05
    assert by_image / 200 > 0.15


def test_looks_find_a_gain_on_images_with_several_questions() -> None:
    codes = np.arange(800) // 4
    values = np.where(np.arange(800) % 10 < 2, 1.0, np.where(np.arange(800) % 10 == 9, -1.0, 0.0))
    assert always_valid_p(values, codes) < 0.001
    assert always_valid_p(values[:40], codes[:40]) > 0.05


def test_four_scorers_are_corrected() -> None:
    rng = np.random.default_rng(9)
    plain = corrected = 0
    for _ in range(2000):
        won = rng.binomial(100, 0.5, size=4).tolist()
        p_values = [mcnemar_exact(wins, 100 - wins) for wins in won]
        plain += min(p_values) <= 0.05
        corrected += min(holm(p_values)) <= 0.05
    assert corrected / 2000 <= 0.07
    assert plain / 2000 > 0.095


def test_mid_p_keeps_its_level_and_finds_more() -> None:
    """Computed in full, for 50 examples of which the models differ on about 13: no simulation."""

    def rate(test: Callable[[int, int], float], base: float, tuned: float) -> float:
        won, lost = (1 - base) * tuned, base * (1 - tuned)
        total = 0.0
        for decided in range(51):
            chances = stats.binom.pmf(np.arange(decided + 1), decided, won / (won + lost))
            found = [test(wins, decided - wins) <= 0.05 for wins in range(decided + 1)]
            total += float(stats.binom.pmf(decided, 50, won + lost)) * float(chances[found].sum())
        return total

    assert rate(mcnemar_mid_p, 0.8, 0.8) <= 0.05
    assert rate(mcnemar_mid_p, 0.8, 0.9) >= rate(mcnemar_exact, 0.8, 0.9) + 0.05


def test_an_always_valid_test_finds_a_clear_gain() -> None:
    assert always_valid_p(differences(80, 27, 188), np.arange(295)) < 0.001
    assert always_valid_p(differences(20, 20, 188), np.arange(228)) == 1


def test_a_promised_gain_is_found_four_times_in_five() -> None:
    """Two independent models on 60 images with four questions, alike by 0.5; without images, promises are not kept."""
    rng = np.random.default_rng(12)

    def found(gain: float | None) -> float:
        assert gain is not None
        hits = 0
        for _ in range(250):
            sides = []
            for share in (0.6, 0.6 + gain):
                luck = rng.beta(share, 1 - share, size=60)
                sides.append((rng.random((60, 4)) < luck[:, None]).astype(np.float64))
            change = (sides[1] - sides[0]).ravel()
            clusters = cluster_sums(change, np.arange(240) // 4)
            better = clusters.mean > 0 and sign_flip_exact(clusters.sums.astype(np.int64)) <= 0.05
            hits += better and difference_interval(clusters, resamples=400).low > 0
        return hits / 250

    promised = Power(pairs=240, clusters=60, cluster_size=4.0, accuracy=0.6, icc=0.5)
    ignoring_images = Power(pairs=240, clusters=240, cluster_size=1.0, accuracy=0.6, icc=0.0)
    assert 0.68 <= found(promised.detectable_gain) <= 0.92
    assert found(ignoring_images.detectable_gain) < 0.6


def test_a_detectable_gain_is_found_four_times_in_five() -> None:
    """Two models on 100 images with one question; the tuned one loses one answer in five, fewer as it gets better."""
    rng = np.random.default_rng(14)

    def answers(gain: float) -> tuple[Floats, Floats]:
        base = (rng.random(100) < 0.6).astype(np.float64)
        lost = 0.2 * (1 - gain / 0.4)
        differs = rng.random(100) < np.where(base == 1, lost, (gain + 0.6 * lost) / 0.4)
        return base, np.where(differs, 1 - base, base)

    named = []
    for _ in range(30):
        base, tuned = answers(0.03)
        gain = detectable_gain(base, tuned, cluster_sums(tuned - base, np.arange(100)))
        named += [] if gain is None else [gain]
    gain, hits = float(np.median(named)), 0
    for _ in range(250):
        base, tuned = answers(gain)
        clusters = cluster_sums(tuned - base, np.arange(100))
        better = clusters.mean > 0 and sign_flip_exact(clusters.sums.astype(np.int64)) <= 0.05
        hits += better and difference_interval(clusters, resamples=400).low > 0
    assert gain < 0.4
    assert 0.68 <= hits / 250 <= 0.92
