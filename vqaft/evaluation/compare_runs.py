"""Compare two models of which each was trained or asked several times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt

from vqaft.errors import EvaluationError
from vqaft.evaluation.compare import pair_rows
from vqaft.evaluation.evaluation import Evaluation
from vqaft.evaluation.statistics.clusters import cluster_codes, cluster_robust_error, cluster_sums
from vqaft.evaluation.statistics.interval import Estimate, Interval
from vqaft.evaluation.summary import score_values
from vqaft.evaluation.tables import percent, points, points_range
from vqaft.typed import Confidence, typed, typed_call

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
@typed
class RunComparison:
    """Two training recipes, or two models asked repeatedly, compared over their runs.

    Attributes:
        scorer: The scorer's name.
        n: Examples with a score in every run.
        base: The mean of each base run.
        tuned: The mean of each tuned run.
        difference: Mean tuned minus mean base; its interval holds both sources of chance. No interval where neither
            side has two runs.
        between_examples: Standard error from which examples (images) happened to be asked.
        between_runs: Standard error from which runs (seeds) happened, beyond the noise of single answers; None where
            both models have one run only.
    """

    scorer: str
    n: NonNegativeInt
    base: tuple[float, ...]
    tuned: tuple[float, ...]
    difference: Estimate
    between_examples: float
    between_runs: float | None

    @property
    def caveat(self) -> str:
        """What a side with one run leaves unknown; empty where both have several."""
        if min(len(self.base), len(self.tuned)) > 1:
            return ""
        if self.between_runs is None:
            return "One run each: how much runs differ is not known, and there is no interval that holds for new runs."
        side = "base" if len(self.base) == 1 else "tuned"
        return f"One {side} run only: its runs are taken to vary as much as the other model's, which is not known."

    def __str__(self) -> str:
        runs = "not known" if self.between_runs is None else f"{100 * self.between_runs:.1f} points"
        text = (
            f"{self.scorer} on {self.n} examples: base {', '.join(map(percent, self.base))}; "
            f"tuned {', '.join(map(percent, self.tuned))}\n"
            f"difference {points(self.difference.value)} points ({points_range(self.difference.interval)}); "
            f"standard error between examples {100 * self.between_examples:.1f} points, between runs {runs}"
        )
        return f"{text}\n{self.caveat}" if self.caveat else text


@typed_call
def compare_runs(
    base: Sequence[Evaluation], tuned: Sequence[Evaluation], *, scorer: str | None = None, confidence: Confidence = 0.95
) -> RunComparison:
    """Compare two training recipes over repeated runs, between-run variance included.

    The variance of the difference is that between examples, clustered by group, of each example's mean over runs; plus
    that between the means of each model's runs, by their number; less the noise of single answers, which both hold.
    Student's t has the degrees of freedom of F. E. Satterthwaite, Biometrics Bulletin 2 (1946).
    A side with one run borrows the variance of the other, and `caveat` says so.

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
    seen = cluster_robust_error(clusters) ** 2
    spreads = [_run_spread(side, codes) for side in (before, after) if len(side) > 1]
    sides = [_own_or_borrowed(side, codes, spreads) for side in (before, after)] if spreads else []
    noise = sum(spread.noise / runs for runs, spread in sides)
    parts = [(max(0.0, seen - noise), len(clusters.sums) - 1)]
    run_parts = [(spread.variance / runs, spread.freedom) for runs, spread in sides]
    if len(spreads) == 1:  # one estimate, used for both sides
        run_parts = [(sum(variance for variance, _ in run_parts), run_parts[0][1])]
    parts += run_parts
    interval = _interval(clusters.mean, parts, confidence=confidence) if spreads else None
    between = sum(variance for variance, _ in parts[1:]) - noise
    return RunComparison(
        scorer=name,
        n=values.shape[1],
        base=tuple(before.mean(axis=1).tolist()),
        tuned=tuple(after.mean(axis=1).tolist()),
        difference=Estimate(value=clusters.mean, interval=interval),
        between_examples=math.sqrt(seen),
        between_runs=math.sqrt(max(0.0, between)) if spreads else None,
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


@dataclass(frozen=True, kw_only=True)
class _RunSpread:
    """How the means of one model's runs vary: in all, by the noise of single answers alone, and on how many runs."""

    variance: float
    noise: float
    freedom: int


def _run_spread(values: Floats, codes: NDArray[np.intp]) -> _RunSpread:
    runs, n = values.shape
    means = values.mean(axis=1)
    noise = values - values.mean(axis=0) - means[:, None] + means.mean()
    sums = np.array([np.bincount(codes, weights=run) for run in noise])
    residual = float((sums**2).sum()) / (runs - 1) / n**2
    return _RunSpread(variance=float(means.var(ddof=1)), noise=residual, freedom=runs - 1)


def _own_or_borrowed(values: Floats, codes: NDArray[np.intp], spreads: Sequence[_RunSpread]) -> tuple[int, _RunSpread]:
    # One run says nothing of its variance: it borrows that of the other side.
    return len(values), _run_spread(values, codes) if len(values) > 1 else spreads[0]


def _interval(value: float, parts: Sequence[tuple[float, int]], *, confidence: float) -> Interval | None:
    from scipy.special import stdtrit

    known = [(variance, freedom) for variance, freedom in parts if variance > 0]
    total = sum(variance for variance, _ in known)
    if math.isnan(total) or total == 0 or any(freedom == 0 for _, freedom in known):
        return None
    freedom = total**2 / sum(variance**2 / degrees for variance, degrees in known)
    half = float(stdtrit(freedom, (1 + confidence) / 2)) * math.sqrt(total)
    return Interval(low=value - half, high=value + half, confidence=confidence, method="t, examples and runs")
