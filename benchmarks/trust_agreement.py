"""How often 95 % intervals of weighted kappa hold the truth, beside the percentile bootstrap that is usual.

    python -m benchmarks.trust_agreement [--runs 500]

Two raters with two or four levels, used evenly or one of them for seven answers in ten; the second gives the first's
level with a set probability and any level else. Sets on which both use one level only have no kappa and are left out.
"""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.statistics import agreement_interval, weighted_kappa

Floats = NDArray[np.float64]
RESAMPLES = 400
LABELS = (5, 10, 20, 50)


def levels_of(rng: np.random.Generator, count: int, shares: Floats, agreeing: float) -> Floats:
    """Draw labels of two raters: a table for each."""
    k = len(shares)
    first = rng.choice(k, count, p=shares)
    second = np.where(rng.random(count) < agreeing, first, rng.choice(k, count, p=shares))
    tables = np.zeros((count, k, k))
    tables[np.arange(count), first, second] = 1
    return tables


def percentile(tables: Floats, rng: np.random.Generator) -> tuple[float, float]:
    """The usual interval: quantiles of resampled labels."""
    m = len(tables)
    weights = rng.multinomial(m, np.full(m, 1 / m), size=RESAMPLES).astype(np.float64)
    low, high = np.nanquantile(weighted_kappa(np.tensordot(weights, tables, axes=1)), [0.025, 0.975])
    return float(low), float(high)


def coverage(shares: Floats, agreeing: float, labels: int, runs: int) -> tuple[float, float, float]:
    """Return the coverage of both methods, and the mean width of vqaft's."""
    truth = agreeing  # the same shares for both, and chance agreement else
    rng = np.random.default_rng(1)
    usual, ours, widths = [], [], []
    for run in range(runs):
        tables = levels_of(rng, labels, shares, agreeing)
        if np.isnan(weighted_kappa(tables.sum(axis=0))):
            continue
        low, high = percentile(tables, rng)
        usual.append(low <= truth <= high)
        interval = agreement_interval(weighted_kappa, tables, confidence=0.95, resamples=RESAMPLES, seed=run)
        ours.append(truth in interval)
        widths.append(interval.high - interval.low)
    return float(np.mean(usual)), float(np.mean(ours)), float(np.mean(widths))


def main() -> None:
    """Print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    runs = parser.parse_args().runs
    print("| kappa | levels | labels | percentile bootstrap covers | vqaft covers | its mean width |")
    print("|---|---|---|---|---|---|")
    for k, common, agreeing, labels in product((2, 4), (None, 0.7), (0.5, 0.8, 0.95), LABELS):
        shares = np.full(k, 1 / k) if common is None else np.array([common, *[(1 - common) / (k - 1)] * (k - 1)])
        usual, ours, width = coverage(shares, agreeing, labels, runs)
        what = f"{k}, used evenly" if common is None else f"{k}, one for 7 of 10"
        print(f"| {agreeing:.2f} | {what} | {labels} | {usual:.3f} | {ours:.3f} | {width:.2f} |", flush=True)


if __name__ == "__main__":
    main()
