"""Compare two models of which each was trained or asked several times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqaft.errors import EvaluationError
from vqaft.evaluation.compare import pair_rows
from vqaft.evaluation.evaluation import Evaluation
from vqaft.evaluation.statistics.clusters import cluster_codes, cluster_robust_error, cluster_sums
from vqaft.evaluation.statistics.interval import Estimate, Interval
from vqaft.evaluation.summary import score_values
from vqaft.evaluation.tables import percent, points, points_range

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class RunComparison:
    """What `compare_runs` gives.

    Attributes:
        scorer: The scorer's name.
        n: Examples with a score in every run.
        base: The mean of each base run.
        tuned: The mean of each tuned run.
        difference: Mean tuned minus mean base; its interval holds both sources of chance.
        between_examples: Standard error from which examples (images) happened to be asked.
        between_runs: Standard error from which runs (seeds) happened; None where both models have one run only.
    """

    scorer: str
    n: int
    base: tuple[float, ...]
    tuned: tuple[float, ...]
    difference: Estimate
    between_examples: float
    between_runs: float | None

    def __str__(self) -> str:
        runs = "not known: one run each" if self.between_runs is None else f"{100 * self.between_runs:.1f} points"
        return (
            f"{self.scorer} on {self.n} examples: base {', '.join(map(percent, self.base))}; "
            f"tuned {', '.join(map(percent, self.tuned))}\n"
            f"difference {points(self.difference.value)} points ({points_range(self.difference.interval)}); "
            f"standard error between examples {100 * self.between_examples:.1f} points, between runs {runs}"
        )


def compare_runs(
    base: Sequence[Evaluation], tuned: Sequence[Evaluation], *, scorer: str | None = None, confidence: float = 0.95
) -> RunComparison:
    """Tell a difference between two ways of training from the luck of one run.

    The variance of the difference is that between examples, clustered by group, of each example's mean over runs; plus
    that between the runs of each model, by their number. Student's t has the degrees of freedom of F. E. Satterthwaite,
    Biometrics Bulletin 2 (1946).

    Args:
        base: The base model's runs: the same model asked again, or one trained with another seed.
        tuned: The tuned model's runs.
        scorer: The scorer's name; the first one by default.
        confidence: The confidence level of the interval, 0 to 1.

    Raises:
        EvaluationError: If a side has no run, or no example has a score in every run.
    """
    if not base or not tuned:
        raise EvaluationError("each model needs one run at least")
    name = next(iter(base[0].scorers)) if scorer is None else scorer
    values, codes = _table([*base, *tuned], name)
    before, after = values[: len(base)], values[len(base) :]
    clusters = cluster_sums(after.mean(axis=0) - before.mean(axis=0), codes)
    examples = cluster_robust_error(clusters) ** 2
    parts = [(examples, len(clusters.sums) - 1), _run_variance(before), _run_variance(after)]
    known = [(variance, freedom) for variance, freedom in parts if freedom > 0]
    several = len(base) > 1 or len(tuned) > 1
    return RunComparison(
        scorer=name,
        n=values.shape[1],
        base=tuple(before.mean(axis=1).tolist()),
        tuned=tuple(after.mean(axis=1).tolist()),
        difference=Estimate(value=clusters.mean, interval=_interval(clusters.mean, known, confidence=confidence)),
        between_examples=math.sqrt(examples),
        between_runs=math.sqrt(sum(variance for variance, _ in known[1:])) if several else None,
    )


def _table(runs: Sequence[Evaluation], scorer: str) -> tuple[Floats, NDArray[np.intp]]:
    first = runs[0]
    for run in runs[1:]:
        pair_rows(first, run)  # refuses other questions or answers under the same id
    rows = [{row.example_id: row for row in run.rows} for run in runs]
    shared = [name for name in rows[0] if all(name in run for run in rows)]
    values = np.array([score_values([run[name] for name in shared], scorer) for run in rows])
    whole = ~np.isnan(values).any(axis=0)
    if not whole.any():
        raise EvaluationError(f"no example has a score by {scorer!r} in every run")
    return values[:, whole], cluster_codes([rows[0][name].group for name in shared])[whole]


def _run_variance(values: Floats) -> tuple[float, int]:
    runs = len(values)
    return (float(values.mean(axis=1).var(ddof=1)) / runs if runs > 1 else 0.0), runs - 1


def _interval(value: float, parts: Sequence[tuple[float, int]], *, confidence: float) -> Interval | None:
    from scipy.special import stdtrit

    total = sum(variance for variance, _ in parts)
    if math.isnan(total) or not parts or total == 0:
        return None
    freedom = total**2 / sum(variance**2 / degrees for variance, degrees in parts)
    half = float(stdtrit(freedom, (1 + confidence) / 2)) * math.sqrt(total)
    return Interval(low=value - half, high=value + half, confidence=confidence, method="t, examples and runs")
