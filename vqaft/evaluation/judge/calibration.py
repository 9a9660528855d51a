"""How far a judge agrees with people.

Hold a judge against people's labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqaft.errors import EvaluationError
from vqaft.evaluation.judge.llm_judge import LLMJudge
from vqaft.evaluation.rows import example_groups
from vqaft.evaluation.score import AnsweredExample, Score
from vqaft.evaluation.statistics.agreement import krippendorff_alpha, weighted_kappa
from vqaft.evaluation.statistics.clustered_mean import (
    cluster_codes,
    cluster_robust_interval,
    cluster_sums,
    mean_interval,
)
from vqaft.evaluation.statistics.interval import Estimate, Interval
from vqaft.evaluation.tables import Table, paragraph, percent, percent_range, points, points_range
from vqaft.parallel import ordered_map


@dataclass(frozen=True, kw_only=True)
class HumanLabel:
    """What a person says of an answer.

    Attributes:
        answered: The example and the answer.
        level: The name of the level that the person chose.
    """

    answered: AnsweredExample
    level: str


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What `calibrate` gives.

    Attributes:
        levels: The levels, best first.
        confusion: How often each pair of levels was given: a row a level of the people's, a column one of the judge's.
        failed: Answers that the judge gave no rating to.
        agreement: Share of answers with the same level from both.
        kappa: Cohen's kappa with quadratic weights, -1 to 1.
        alpha: Krippendorff's alpha for ordered levels, at most 1.
        bias: Mean of the judge's score minus the people's, in shares of 1: above 0 the judge is too kind.
    """

    levels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    failed: int
    agreement: Estimate
    kappa: Estimate
    alpha: Estimate
    bias: Estimate

    @property
    def n(self) -> int:
        """Answers with a level from both."""
        return sum(map(sum, self.confusion))

    @property
    def words(self) -> str:
        """The result in a sentence."""
        failed = f"; the judge gave no rating to {self.failed}" if self.failed else ""
        kappa, alpha = _number(self.kappa), _number(self.alpha)
        return (
            f"On {self.n} answers judge and people agree in {percent(self.agreement.value)} "
            f"({percent_range(self.agreement.interval)}); weighted kappa {kappa}, Krippendorff's alpha {alpha}; the "
            f"judge is off by {points(self.bias.value)} points on average ({points_range(self.bias.interval)}){failed}."
        )

    def table(self) -> Table:
        """Give the confusion as a table."""
        rows = [(level, *map(str, counts)) for level, counts in zip(self.levels, self.confusion, strict=True)]
        return Table(columns=("people \\ judge", *(f">{level}" for level in self.levels)), rows=rows)

    def __str__(self) -> str:
        return f"{self.table().text()}\n\n{self.words}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table().html() + paragraph(self.words)


def _number(estimate: Estimate) -> str:
    if estimate.value is None:
        return "–"
    ends = estimate.interval
    reach = f" ({ends.low:.2f} to {ends.high:.2f})" if ends else ""
    return f"{estimate.value:.2f}{reach}".replace("-", "−")


Floats = NDArray[np.float64]


def calibrate(
    judge: LLMJudge,
    human_labels: Iterable[HumanLabel],
    *,
    workers: int = 16,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Calibration:
    """Let a judge rate answers that people have rated, and tell how far it agrees with them.

    Args:
        judge: The judge.
        human_labels: The answers with people's levels; of several people on one answer, one label each.
        workers: How many answers are judged at once.
        confidence: The confidence level of the intervals, 0 to 1.
        resamples: Bootstrap draws (of whole groups, i.e. images) behind the intervals of kappa and alpha.
        seed: Seed of the draws.

    Returns:
        The confusion and the agreement, with intervals.

    Raises:
        EvaluationError: If there is no label, a label is none of the judge's levels, or the judge rated nothing.
    """
    labels = tuple(human_labels)
    places = {name: place for place, name in enumerate(judge.levels)}
    _check(labels, places)
    scores = list(ordered_map(judge, [label.answered for label in labels], workers=workers))
    rated = [(label, score) for label, score in zip(labels, scores, strict=True) if isinstance(score, Score)]
    if not rated:
        raise EvaluationError(f"the judge rated none of the answers: {scores[0]}")
    human = np.array([places[label.level] for label, _ in rated])
    given = np.array([places[str(score.label)] for _, score in rated])
    codes = cluster_codes(example_groups(label.answered.example for label, _ in rated))
    tables = _tables(human, given, codes, len(places))
    confusion = tables.sum(axis=0)
    drawn = _draw(tables, resamples=resamples, seed=seed)
    same = (human == given).astype(np.float64)
    values = np.array([judge.rubric.value(name) for name in judge.levels])
    errors = cluster_sums(values[given] - values[human], codes)
    return Calibration(
        levels=judge.levels,
        confusion=tuple(tuple(map(int, row)) for row in confusion),
        failed=len(labels) - len(rated),
        agreement=Estimate(value=float(same.mean()), interval=mean_interval(same, codes, confidence=confidence)),
        kappa=_estimate(weighted_kappa, confusion, drawn, confidence=confidence),
        alpha=_estimate(_alpha, confusion, drawn, confidence=confidence),
        bias=Estimate(value=errors.mean, interval=cluster_robust_interval(errors, confidence=confidence)),
    )


def _check(labels: Sequence[HumanLabel], places: dict[str, int]) -> None:
    if not labels:
        raise EvaluationError("there is no label of a person")
    for label in labels:
        if label.level not in places:
            message = f"{label.level!r} is none of the judge's levels: {', '.join(places)}"
            raise EvaluationError(message, example_id=label.answered.example.id)


def _tables(human: NDArray[np.intp], given: NDArray[np.intp], codes: NDArray[np.intp], k: int) -> Floats:
    tables = np.zeros((codes.max() + 1, k, k))
    np.add.at(tables, (codes, human, given), 1.0)
    return tables


def _draw(tables: Floats, *, resamples: int, seed: int) -> Floats:
    m = len(tables)
    weights = np.random.default_rng(seed).multinomial(m, np.full(m, 1 / m), size=resamples)
    return np.asarray(np.tensordot(weights.astype(np.float64), tables, axes=1))


def _alpha(confusion: Floats) -> Floats:
    return krippendorff_alpha(confusion + np.swapaxes(confusion, -2, -1))


def _estimate(
    statistic: Callable[[Floats], Floats], confusion: Floats, drawn: Floats, *, confidence: float
) -> Estimate:
    value = float(statistic(confusion))
    if np.isnan(value):
        return Estimate(value=None)
    resampled = statistic(drawn)
    low, high = np.quantile(resampled[~np.isnan(resampled)], [(1 - confidence) / 2, (1 + confidence) / 2])
    interval = Interval(low=float(low), high=float(high), confidence=confidence, method="cluster bootstrap")
    return Estimate(value=value, interval=interval)
