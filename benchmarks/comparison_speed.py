"""How long a comparison takes: 5,000 paired rows, 10,000 clustered bootstrap resamples.

    python benchmarks/comparison_speed.py

`compare` as a whole (pairing, clustered intervals, tests, bootstrap) on 5,000 rows of 1,000 images, and the bootstrap
alone beside the usual one by index; the median of five rounds counts, after one that loads scipy.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation import Evaluation, Score, ScoredRow, ScorerFacts, compare
from vqaft.evaluation.statistics.clustered_mean import difference_interval
from vqaft.evaluation.statistics.clusters import ClusterSums, cluster_sums

ROWS, IMAGES, RESAMPLES, ROUNDS = 5_000, 1_000, 10_000, 5


def evaluation(values: NDArray[np.float64], model: str) -> Evaluation:
    """Make an evaluation with these scores."""
    rows = tuple(
        ScoredRow(
            example_id=str(place),
            group=str(place * IMAGES // ROWS),
            kind="closed" if place % 2 else "open",
            question_type=str(place % 4),
            question="?",
            answers=("truth",),
            model=model,
            answer="answer",
            scores={"score": Score(value=float(value))},
        )
        for place, value in enumerate(values)
    )
    return Evaluation(model=model, scorers={"score": ScorerFacts(description="score")}, rows=rows)


def by_index(clusters: ClusterSums) -> NDArray[np.float64]:
    """The bootstrap as it is usually written."""
    rng, m = np.random.default_rng(0), len(clusters.sums)
    drawn = rng.integers(0, m, size=(RESAMPLES, m))
    return np.asarray(clusters.sums[drawn].sum(axis=1) / clusters.sizes[drawn].sum(axis=1))


def milliseconds(function: Callable[[], object]) -> float:
    """Time a function."""
    function()
    taken = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        function()
        taken.append(time.perf_counter() - start)
    return 1000 * statistics.median(taken)


def main() -> None:
    """Print the times."""
    rng = np.random.default_rng(0)
    base = rng.choice([0.0, 1.0], p=[0.4, 0.6], size=ROWS)
    tuned = np.where(rng.choice([False, True], p=[0.8, 0.2], size=ROWS), 1 - base, base)
    grade = rng.random(ROWS)
    codes = np.arange(ROWS) * IMAGES // ROWS
    print(f"{ROWS:,} rows of {IMAGES:,} images, {RESAMPLES:,} resamples, median of {ROUNDS} rounds")
    for name, before, after in (("right or wrong", base, tuned), ("graded", base * grade, tuned * grade)):
        pair = evaluation(before, "base"), evaluation(after, "tuned")
        clusters = cluster_sums(after - before, codes)
        tried: dict[str, Callable[[], object]] = {
            "compare, all examples": partial(compare, *pair, slice_by=None),
            "compare, closed, open and types": partial(compare, *pair),
            "one interval alone": partial(difference_interval, clusters, resamples=RESAMPLES, seed=0),
            "bootstrap by index": partial(by_index, clusters),
        }
        print(f"{name}:")
        for what, function in tried.items():
            print(f"  {what:32s} {milliseconds(function):8.1f} ms")


if __name__ == "__main__":
    main()
