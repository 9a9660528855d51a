"""Views of wins and losses, and short forms of benchmarks/trust_verdicts.py."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from vqaft.data import Power
from vqaft.evaluation.statistics import (
    always_valid_p,
    cluster_sums,
    difference_interval,
    mcnemar_exact,
    sign_flip_exact,
    win_loss,
)


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
