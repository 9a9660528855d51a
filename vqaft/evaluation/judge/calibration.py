"""Calibration of a judge: its agreement with human labels, beside the agreement of people with each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt, PositiveInt

from vqaft.errors import EvaluationError
from vqaft.evaluation.example_clusters import example_groups
from vqaft.evaluation.judge.recorded_judge import LevelJudge
from vqaft.evaluation.score import AnsweredExample, Score
from vqaft.evaluation.statistics.agreement import agreement_interval, krippendorff_alpha, weighted_kappa
from vqaft.evaluation.statistics.clustered_mean import mean_interval
from vqaft.evaluation.statistics.clusters import cluster_codes, cluster_robust_interval, cluster_sums
from vqaft.evaluation.statistics.interval import Estimate
from vqaft.evaluation.tables import Table, paragraph, percent, percent_range, points, points_range
from vqaft.parallel import ordered_map, worker_count
from vqaft.typed import Confidence, typed, typed_call


@dataclass(frozen=True, kw_only=True)
@typed
class HumanLabel:
    """A person's rating of an answer.

    Attributes:
        answered: The example and the answer.
        level: The name of the level that the person chose.
        person: Who rated it; answers rated by several people show how far people agree with each other.
    """

    answered: AnsweredExample
    level: str
    person: str = ""


@dataclass(frozen=True, kw_only=True)
@typed
class Agreement:
    """How far two raters agree.

    Attributes:
        n: Pairs of ratings of the same answer.
        share: Share of pairs with the same level.
        kappa: Cohen's kappa with quadratic weights, -1 to 1.
        alpha: Krippendorff's alpha for ordered levels, at most 1.
    """

    n: NonNegativeInt
    share: Estimate
    kappa: Estimate
    alpha: Estimate

    def __str__(self) -> str:
        return (
            f"{percent(self.share.value)} ({percent_range(self.share.interval)}); weighted kappa "
            f"{_number(self.kappa)}, Krippendorff's alpha {_number(self.alpha)}"
        )


@dataclass(frozen=True, kw_only=True)
@typed
class Calibration:
    """The result of `calibrate`.

    Attributes:
        levels: The levels, best first.
        confusion: How often each pair of levels was given: a row a level of the people's, a column one of the judge's.
        failed: Labels whose answers the judge gave no rating to.
        judge: How far the judge agrees with people.
        people: How far people agree with each other, the yardstick for the judge; None where no two rated an answer.
        bias: Mean of the judge's score minus the people's, in shares of 1: above 0 the judge is too kind.
    """

    levels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    failed: NonNegativeInt
    judge: Agreement
    people: Agreement | None
    bias: Estimate

    @property
    def n(self) -> int:
        """Labels with a rating of the judge."""
        return self.judge.n

    @property
    def agreement(self) -> Estimate:
        """Share of labels with the same level from the judge."""
        return self.judge.share

    @property
    def kappa(self) -> Estimate:
        """Cohen's kappa of judge and people, with quadratic weights."""
        return self.judge.kappa

    @property
    def alpha(self) -> Estimate:
        """Krippendorff's alpha of judge and people, for ordered levels."""
        return self.judge.alpha

    @property
    def words(self) -> str:
        """The result in two sentences."""
        failed = f"; the judge gave no rating to {self.failed}" if self.failed else ""
        people = (
            "No answer was rated by two people, so that nothing says how far a judge can agree with them."
            if self.people is None
            else f"In {self.people.n} pairs of ratings by two people, they agree with each other in {self.people}."
        )
        return (
            f"On {self.n} labels judge and people agree in {self.judge}; the judge is off by "
            f"{points(self.bias.value)} points on average ({points_range(self.bias.interval)}){failed}. {people}"
        )

    def table(self) -> Table:
        """Return the confusion as a table."""
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


Floats: TypeAlias = NDArray[np.float64]
Levels: TypeAlias = NDArray[np.intp]


@typed_call
def calibrate(
    judge: LevelJudge,
    human_labels: Iterable[HumanLabel],
    *,
    max_workers: int | None = None,
    confidence: Confidence = 0.95,
    resamples: PositiveInt = 2000,
    seed: int = 0,
) -> Calibration:
    """Measure a judge's agreement with human labels.

    Every answer is judged once, however many people rated it. Where several people rated the same answer, their
    agreement with each other is measured too: a judge cannot agree with people better than they do among themselves.

    Args:
        judge: The judge: an `LLMJudge`, or a `RecordedJudge`, which asks nobody.
        human_labels: The answers with people's levels, one label a person and answer.
        max_workers: How many answers are judged concurrently; 32 if None.
        confidence: The confidence level of the intervals, 0 to 1.
        resamples: Bootstrap draws (of whole groups, i.e. images) behind the intervals of kappa and alpha.
        seed: Seed of the draws.

    Returns:
        The confusion and the agreement, with intervals, which are wide where there are few labels.

    Raises:
        EvaluationError: If there is no label, a label is none of the judge's levels, or the judge rated nothing.
    """
    labels = tuple(human_labels)
    places = {name: place for place, name in enumerate(judge.levels)}
    _check(labels, places)
    answers = {_key(label): label.answered for label in labels}
    judged = ordered_map(judge, answers.values(), max_workers=worker_count(max_workers, waiting=True))
    scores = dict(zip(answers, judged, strict=True))
    rated = [(label, score) for label in labels if isinstance(score := scores[_key(label)], Score)]
    if not rated:
        raise EvaluationError(f"the judge rated none of the answers: {next(iter(scores.values()))}")
    human = np.array([places[label.level] for label, _ in rated])
    given = np.array([places[str(score.label)] for _, score in rated])
    codes = cluster_codes(example_groups(label.answered.example for label, _ in rated))
    values = np.array([judge.rubric.value(name) for name in judge.levels])
    errors = cluster_sums(values[given] - values[human], codes)
    settings = _Settings(levels=len(places), confidence=confidence, resamples=resamples, seed=seed)
    return Calibration(
        levels=judge.levels,
        confusion=tuple(tuple(map(int, row)) for row in _tables(human, given, codes, len(places)).sum(axis=0)),
        failed=len(labels) - len(rated),
        judge=_agreement(human, given, codes, settings),
        people=_people(labels, places, settings),
        bias=Estimate(value=errors.mean, interval=cluster_robust_interval(errors, confidence=confidence)),
    )


@dataclass(frozen=True, kw_only=True)
class _Settings:
    levels: int
    confidence: float
    resamples: int
    seed: int


def _key(label: HumanLabel) -> tuple[str, str]:
    return label.answered.example.id, label.answered.answer


def _agreement(one: Levels, other: Levels, codes: Levels, settings: _Settings) -> Agreement:
    tables = _tables(one, other, codes, settings.levels)
    same = (one == other).astype(np.float64)
    return Agreement(
        n=len(one),
        share=Estimate(value=float(same.mean()), interval=mean_interval(same, codes, confidence=settings.confidence)),
        kappa=_estimate(weighted_kappa, tables, settings),
        alpha=_estimate(_alpha, tables, settings),
    )


def _people(labels: Sequence[HumanLabel], places: dict[str, int], settings: _Settings) -> Agreement | None:
    """Compare every two people's ratings of the same answer, in both orders, so that neither is the reference."""
    by_answer: dict[tuple[str, str], dict[str, HumanLabel]] = {}
    for label in labels:
        by_answer.setdefault(_key(label), {})[label.person] = label
    pairs = [pair for people in by_answer.values() for pair in combinations(people.values(), 2)]
    if not pairs:
        return None
    codes = cluster_codes(example_groups(first.answered.example for first, _ in pairs))
    ratings = np.array([[places[label.level] for label in pair] for pair in pairs])
    both = np.concatenate([ratings, ratings[:, ::-1]])
    return replace(_agreement(both[:, 0], both[:, 1], np.concatenate([codes, codes]), settings), n=len(pairs))


def _check(labels: Sequence[HumanLabel], places: dict[str, int]) -> None:
    if not labels:
        raise EvaluationError("there is no label of a person")
    for label in labels:
        if label.level not in places:
            message = f"{label.level!r} is none of the judge's levels: {', '.join(places)}"
            raise EvaluationError(message, example_id=label.answered.example.id)


def _tables(human: Levels, given: Levels, codes: Levels, k: int) -> Floats:
    tables = np.zeros((codes.max() + 1, k, k))
    np.add.at(tables, (codes, human, given), 1.0)
    return tables


def _alpha(confusion: Floats) -> Floats:
    return krippendorff_alpha(confusion + np.swapaxes(confusion, -2, -1))


def _estimate(statistic: Callable[[Floats], Floats], tables: Floats, settings: _Settings) -> Estimate:
    value = float(statistic(tables.sum(axis=0)))
    if np.isnan(value):
        return Estimate(value=None)
    interval = agreement_interval(
        statistic, tables, confidence=settings.confidence, resamples=settings.resamples, seed=settings.seed
    )
    return Estimate(value=value, interval=interval)
