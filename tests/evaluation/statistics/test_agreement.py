from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.inter_rater import cohens_kappa

from vqaft.evaluation.statistics import (
    Metric,
    agreement_interval,
    coincidences,
    krippendorff_alpha,
    weighted_kappa,
)

NONE = float("nan")
# K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: four observers, missing data.
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
        [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
    ]
)


@pytest.mark.parametrize(("metric", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_the_published_example(metric: Metric, alpha: float) -> None:
    found = krippendorff_alpha(coincidences(PUBLISHED - 1, 5), metric=metric)
    assert float(found) == pytest.approx(alpha, abs=0.0005)


@pytest.mark.parametrize("seed", range(10))
def test_kappa_is_statsmodels(seed: int) -> None:
    table = np.random.default_rng(seed).integers(0, 30, size=(4, 4)).astype(float)
    assert float(weighted_kappa(table)) == pytest.approx(cohens_kappa(table, wt="quadratic").kappa)


def test_many_tables_at_once_are_each_alone() -> None:
    tables = np.random.default_rng(1).integers(1, 30, size=(7, 4, 4)).astype(float)
    both = tables + np.swapaxes(tables, 1, 2)
    assert weighted_kappa(tables).tolist() == pytest.approx([float(weighted_kappa(table)) for table in tables])
    assert krippendorff_alpha(both).tolist() == pytest.approx([float(krippendorff_alpha(table)) for table in both])


def test_full_agreement_is_one_and_one_level_is_undefined() -> None:
    assert float(weighted_kappa(np.diag([3.0, 4.0, 5.0]))) == 1
    assert float(krippendorff_alpha(np.diag([6.0, 8.0, 10.0]))) == 1
    assert np.isnan(weighted_kappa(np.diag([3.0, 0.0])))
    assert np.isnan(krippendorff_alpha(np.diag([6.0, 0.0])))


def test_intervals_of_kappa_cover_where_resampled_labels_do_not() -> None:
    """Twenty labels, of which 19 in 20 agree: most sets have one disagreement or none."""
    rng = np.random.default_rng(2)
    covered = usual = rounds = 0
    while rounds < 200:
        first = rng.choice(2, 20)
        second = np.where(rng.random(20) < 0.95, first, rng.choice(2, 20))
        tables = np.zeros((20, 2, 2))
        tables[np.arange(20), first, second] = 1
        if np.isnan(weighted_kappa(tables.sum(axis=0))):
            continue
        rounds += 1
        covered += 0.95 in agreement_interval(weighted_kappa, tables, confidence=0.95, resamples=200, seed=rounds)
        drawn = weighted_kappa(np.tensordot(rng.multinomial(20, np.full(20, 0.05), size=200), tables, axes=1))
        low, high = np.nanquantile(drawn, [0.025, 0.975])
        usual += low <= 0.95 <= high
    assert covered / rounds >= 0.9
    assert usual / rounds < 0.6
