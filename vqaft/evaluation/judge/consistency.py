"""Consistency of a judge: with itself, and under the opposite order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vqaft.errors import EvaluationError
from vqaft.evaluation.example_clusters import example_groups
from vqaft.evaluation.judge.llm_judge import LLMJudge
from vqaft.evaluation.score import AnsweredExample, Score, ScoreFailure
from vqaft.evaluation.statistics.clustered_mean import mean_interval
from vqaft.evaluation.statistics.clusters import cluster_codes
from vqaft.evaluation.statistics.interval import Estimate
from vqaft.evaluation.tables import estimate_text
from vqaft.parallel import ordered_map, worker_count


@dataclass(frozen=True, kw_only=True)
class JudgeConsistency:
    """The result of `measure_consistency`.

    Attributes:
        n: Answers that every rating was given for.
        failed: Answers for which at least one was not.
        repeats: Share of answers that got the same level every time they were asked in the same words.
        swaps: Share that got the same level with candidate and reference, and the levels, in the opposite order.
    """

    n: int
    failed: int
    repeats: Estimate
    swaps: Estimate

    def __str__(self) -> str:
        return (
            f"Of {self.n} answers {estimate_text(self.repeats)} got the same level every time, "
            f"{estimate_text(self.swaps)} in the opposite order; {self.failed} without a rating."
        )


def measure_consistency(
    judge: LLMJudge,
    rows: Iterable[AnsweredExample],
    *,
    repeats: int = 2,
    max_workers: int | None = None,
    confidence: float = 0.95,
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
