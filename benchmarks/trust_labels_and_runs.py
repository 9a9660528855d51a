"""How often intervals hold the truth where people label a part, and where models are trained several times.

    python -m benchmarks.trust_labels_and_runs [--runs 2000]

Labels: a judge that is right four times in five rates all answers on 120 or 300 images, people label some of them at
random; three answers in ten are right, and those on one image go together by 0.6. Beside vqaft's interval stands the
published one (A. N. Angelopoulos et al., Science 382, 2023), and how wide vqaft's is beside that of the labels alone.

Runs: two models of which each is trained one to five times on the same recipe; their accuracies vary from run to run by
a standard deviation of 0 to 6 points, and answers vary by themselves. 60 questions.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmarks.scored import evaluation
from vqaft.evaluation import compare_runs
from vqaft.evaluation.statistics import Interval, cluster_sums, prediction_powered_mean
from vqaft.evaluation.statistics.clustered_mean import bounded_mean_interval

Floats = NDArray[np.float64]
SHARE, ALIKE, JUDGE = 0.3, 0.6, 0.8


def published(truth: Floats, predicted: Floats) -> Interval:
    """Compute the published interval: normal, every question an image of its own."""
    known = ~np.isnan(truth)
    rectifier, rest = truth[known] - predicted[known], predicted[~known]
    value = float(rectifier.mean() + rest.mean())
    half = 1.96 * float(np.sqrt(rectifier.var() / len(rectifier) + rest.var() / len(rest)))
    return Interval(low=value - half, high=value + half)


def labels_line(images: int, size: int, labeled: int, runs: int) -> str:
    """Simulate one line of the table of labels."""
    rng = np.random.default_rng(7)
    codes = np.repeat(np.arange(images), size)
    held = np.zeros((runs, 2))
    widths = np.zeros((runs, 2))
    for run in range(runs):
        together = rng.random(images) < SHARE
        own = rng.random(len(codes)) < SHARE
        truth = np.where(rng.random(len(codes)) < ALIKE, together[codes], own).astype(np.float64)
        predicted = np.where(rng.random(len(codes)) < JUDGE, truth, 1 - truth)
        known = np.full(len(codes), np.nan)
        chosen = rng.permutation(len(codes))[:labeled]
        known[chosen] = truth[chosen]
        ours = prediction_powered_mean(known, predicted, codes, bounds=(0, 1)).interval
        clusters = cluster_sums(truth[chosen], codes[chosen])
        alone = bounded_mean_interval(clusters, bounds=(0, 1), extra=clusters.mean_size, resamples=1000)
        if ours is None:
            continue
        held[run] = SHARE in published(known, predicted), SHARE in ours
        widths[run] = ours.high - ours.low, alone.high - alone.low
    usual, found = held.mean(axis=0)
    ratio = widths[:, 0].mean() / widths[:, 1].mean()
    return f"| {images} | {size} | {labeled} | {usual:.3f} | {found:.3f} | {ratio:.2f} |"


def runs_line(counts: tuple[int, int], spread: float, runs: int) -> str:
    """Simulate one line of the table of runs: two recipes that are equally good."""
    rng = np.random.default_rng(8)
    held, widths = 0, []
    for _ in range(runs):
        ease = np.clip(rng.normal(0.6, 0.2, 60), 0.05, 0.95)
        sides = [
            [evaluation(rng.random(60) < np.clip(ease + rng.normal(0, spread), 0, 1)) for _ in range(count)]
            for count in counts
        ]
        interval = compare_runs(*sides).difference.interval
        if interval is not None:
            held += 0 in interval
            widths.append(interval.high - interval.low)
    return f"| {counts[0]} and {counts[1]} | {100 * spread:.0f} | {held / runs:.3f} | {100 * np.mean(widths):.0f} |"


def labels(runs: int) -> Iterator[str]:
    """Yield the lines of the table of labels."""
    cases = [(120, 1, 5), (120, 1, 20), (120, 1, 45), (120, 1, 80)]
    cases += [(120, 5, labeled) for labeled in (5, 20, 60, 120, 200)] + [(300, 5, 60), (300, 5, 200)]
    for images, size, labeled in cases:
        yield labels_line(images, size, labeled, runs)


def main() -> None:
    """Print the tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    runs = parser.parse_args().runs
    head = "images | questions an image | labeled | published method covers | vqaft covers | width, labels alone = 1"
    print(f"| {head} |\n|---|---|---|---|---|---|", *labels(runs), sep="\n", flush=True)
    print("\n| runs | points between runs | covers | mean width, points |\n|---|---|---|---|")
    for counts, spread in product(((1, 3), (2, 2), (3, 3), (5, 5)), (0.0, 0.03, 0.06)):
        print(runs_line(counts, spread, runs // 4), flush=True)


if __name__ == "__main__":
    main()
