"""What a judge does that has nothing to do with right and wrong: inconsistency, and preferences.

It is asked again, and in the opposite order; it may prefer long answers, and those of its own family.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from pydantic import NonNegativeInt, PositiveInt

from vqaft.data import VQAExample
from vqaft.errors import EvaluationError
from vqaft.evaluation.example_clusters import example_groups
from vqaft.evaluation.judge.llm_judge import LLMJudge
from vqaft.evaluation.score import AnsweredExample, Score, ScoreFailure
from vqaft.evaluation.statistics.clustered_mean import mean_interval
from vqaft.evaluation.statistics.clusters import cluster_codes, cluster_robust_interval, cluster_sums
from vqaft.evaluation.statistics.interval import Estimate
from vqaft.evaluation.tables import estimate_text, points, points_range
from vqaft.parallel import ordered_map, worker_count
from vqaft.typed import Confidence, typed, typed_call


@dataclass(frozen=True, kw_only=True)
@typed
class JudgeConsistency:
    """The result of `measure_consistency`.

    Attributes:
        n: Answers that every rating was given for.
        failed: Answers for which at least one was not.
        repeats: Share of answers that got the same level every time they were asked in the same words.
        swaps: Share that got the same level with candidate and reference, and the levels, in the opposite order.
    """

    n: NonNegativeInt
    failed: NonNegativeInt
    repeats: Estimate
    swaps: Estimate

    def __str__(self) -> str:
        return (
            f"Of {self.n} answers {estimate_text(self.repeats)} got the same level every time, "
            f"{estimate_text(self.swaps)} in the opposite order; {self.failed} without a rating."
        )


@typed_call
def measure_consistency(
    judge: LLMJudge,
    rows: Iterable[AnsweredExample],
    *,
    repeats: PositiveInt = 2,
    max_workers: int | None = None,
    confidence: Confidence = 0.95,
) -> JudgeConsistency:
    """Measure how often a judge gives the same level again, and in the opposite order.

    The judge is asked as it is used, with the images where it sees them. At temperature 0 repeats say little: most
    models then repeat themselves. Use `dataclasses.replace(judge, temperature=1.0)` to see how firm a rating is.

    Args:
        judge: The judge.
        rows: Answers to rate; fifty say a lot.
        repeats: How often each is asked in the same words, at least 2.
        max_workers: How many answers are judged concurrently; 32 if None.
        confidence: The confidence level of the intervals, 0 to 1.

    Raises:
        EvaluationError: If there is no answer, or fewer than two repeats are asked for.
    """
    answers = tuple(rows)
    if not answers or repeats < 2:  # noqa: PLR2004 - once is no repetition
        raise EvaluationError("consistency needs an answer at least, and two repeats")

    def ask(answered: AnsweredExample) -> list[Score | ScoreFailure]:
        asked = judge.question_about(answered)
        same = [judge.rate(asked, repeat=repeat) for repeat in range(repeats)]
        return [*same, judge.rate(replace(asked, swapped=True))]

    ratings = list(ordered_map(ask, answers, max_workers=worker_count(max_workers, waiting=True)))
    labels = [[score.label for score in given if isinstance(score, Score)] for given in ratings]
    whole = [place for place, names in enumerate(labels) if len(names) == repeats + 1]
    codes = example_groups(answers[place].example for place in whole)
    return JudgeConsistency(
        n=len(whole),
        failed=len(answers) - len(whole),
        repeats=_share([len(set(labels[place][:-1])) == 1 for place in whole], codes, confidence=confidence),
        swaps=_share([labels[place][0] == labels[place][-1] for place in whole], codes, confidence=confidence),
    )


def _share(same: Sequence[bool], groups: Sequence[str], *, confidence: float) -> Estimate:
    if not same:
        return Estimate(value=None)
    values = np.array(same, dtype=np.float64)
    return Estimate(
        value=float(values.mean()), interval=mean_interval(values, cluster_codes(groups), confidence=confidence)
    )


@dataclass(frozen=True, kw_only=True)
@typed
class JudgePreference:
    """How far a judge's scores depend on what they should not depend on.

    Attributes:
        name: What was varied, in words.
        n: Answers that were compared.
        failed: Answers that a rating is missing for.
        effect: The mean difference of the scores, in shares of 1; 0 for a judge without this preference.
    """

    name: str
    n: NonNegativeInt
    failed: NonNegativeInt
    effect: Estimate

    @property
    def is_shown(self) -> bool:
        """Whether the interval of the effect leaves out 0."""
        interval = self.effect.interval
        return interval is not None and not interval.low <= 0 <= interval.high

    def __str__(self) -> str:
        found = "a preference" if self.is_shown else "no preference that these answers show"
        return (
            f"{self.name}: {points(self.effect.value)} points ({points_range(self.effect.interval)}) on {self.n} "
            f"answers, {found}; {self.failed} without all ratings."
        )


def wordy(answered: AnsweredExample) -> str:
    """Return an answer made longer without saying more.

    Args:
        answered: The example and the answer.
    """
    return (
        "Looking carefully at the image and at everything that can be seen in it, the question can be answered as "
        f"follows. The answer to the question is: {answered.answer.strip().rstrip('.')}. This answer is based on what "
        "is visible in the image, taken as a whole and in its details."
    )


@typed_call
def measure_length_preference(
    judge: LLMJudge,
    rows: Iterable[AnsweredExample],
    *,
    lengthen: Callable[[AnsweredExample], str] = wordy,
    max_workers: int | None = None,
    confidence: Confidence = 0.95,
) -> JudgePreference:
    """Measure whether a judge rates the same answer higher (or lower) when it is longer.

    Every answer is rated as it is and made longer without more content. K. Saito et al., "Verbosity bias in preference
    labeling by large language models" (2023).

    Args:
        judge: The judge.
        rows: Answers to rate, right and wrong ones; two hundred show an effect of about 5 points.
        lengthen: Makes an answer longer without saying more.
        max_workers: How many answers are judged concurrently; 32 if None.
        confidence: The confidence level of the interval, 0 to 1.

    Returns:
        The mean score of the long form minus that of the answer.

    Raises:
        EvaluationError: If there is no answer, or none got both ratings.
    """
    answers = tuple(rows)
    longer = [AnsweredExample(example=row.example, answer=lengthen(row)) for row in answers]
    values = _values(judge, [*longer, *answers], max_workers)
    differences = values[: len(answers)] - values[len(answers) :]
    examples = [row.example for row in answers]
    return _preference("the longer form minus the same answer", differences, examples, confidence)


@typed_call
def measure_family_preference(
    own: LLMJudge,
    other: LLMJudge,
    own_family: Iterable[AnsweredExample],
    other_family: Iterable[AnsweredExample],
    *,
    max_workers: int | None = None,
    confidence: Confidence = 0.95,
) -> JudgePreference:
    """Measure whether a judge favors the answers of models of its own family.

    Two judges of different families rate the answers of a model of each family to the same examples. That one model is
    better shows in both judges alike; a preference is what remains: how much more the judge gives its own family than
    the other judge does, minus the same for the other family. A. Panickssery et al., "LLM evaluators recognize and
    favor their own generations" (2024).

    Args:
        own: The judge in question.
        other: A judge of another family, with the same rubric.
        own_family: Answers of a model of the judge's family.
        other_family: Answers of a model of the other family, to the same examples.
        max_workers: How many answers are judged concurrently; 32 if None.
        confidence: The confidence level of the interval, 0 to 1.

    Returns:
        The difference of the differences.

    Raises:
        EvaluationError: If the judges have different rubrics, or no example has all four ratings.
    """
    if own.rubric != other.rubric:
        raise EvaluationError("the two judges have different rubrics", hint="Give both the same rubric.")
    ours = {row.example.id: row for row in own_family}
    theirs = {row.example.id: row for row in other_family}
    shared = [name for name in ours if name in theirs]
    rows = [*(ours[name] for name in shared), *(theirs[name] for name in shared)]
    gaps = [_values(judge, rows, max_workers) for judge in (own, other)]
    extra = gaps[0] - gaps[1]
    differences = extra[: len(shared)] - extra[len(shared) :]
    return _preference("own family", differences, [ours[name].example for name in shared], confidence)


def _values(
    judge: LLMJudge, rows: Sequence[AnsweredExample], max_workers: int | None
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    scores = ordered_map(judge, rows, max_workers=worker_count(max_workers, waiting=True))
    return np.array([score.value if isinstance(score, Score) else np.nan for score in scores], dtype=np.float64)


def _preference(
    name: str,
    differences: np.ndarray[tuple[int], np.dtype[np.float64]],
    examples: Sequence[VQAExample],
    confidence: float,
) -> JudgePreference:
    whole = np.flatnonzero(~np.isnan(differences))
    if not len(whole):
        raise EvaluationError("no answer got all the ratings that the comparison needs")
    codes = cluster_codes(example_groups(examples[int(place)] for place in whole))
    sums = cluster_sums(differences[whole], codes)
    interval = cluster_robust_interval(sums, confidence=confidence)
    return JudgePreference(
        name=name,
        n=len(whole),
        failed=len(differences) - len(whole),
        effect=Estimate(value=sums.mean, interval=interval),
    )
