"""Evaluator: applies named scorers to a model's predictions."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

from vqaft.data import VQAExample, question_kind
from vqaft.errors import EvaluationError, shown
from vqaft.escape import visible
from vqaft.evaluation.evaluation import Evaluation
from vqaft.evaluation.example_clusters import example_groups
from vqaft.evaluation.rows import ScoredRow, first_repeated
from vqaft.evaluation.score import AnsweredExample, Score, ScoreFailure, Scorer
from vqaft.evaluation.scorer_facts import Metered, ScorerUsage, scorer_facts
from vqaft.inference import NON_RETRYABLE, Failure, Prediction, is_refusal, outcome_of_text
from vqaft.parallel import ordered_map, worker_count
from vqaft.typed import typed_call

Asked: TypeAlias = tuple[VQAExample, Prediction | None, str]
"""An example, what was predicted for it, and its cluster."""

PROBE_ROWS = 3
SLOW_S = 0.001
_BY_NAME = 'Pass scorers by name: Evaluator({"exact": ExactMatch()}).'


class Evaluator:
    """Scores a model's predictions.

    Args:
        scorers: The scorers by the names that tables show; any callable over an `AnsweredExample`.
        max_workers: How many threads call scorers that are slow (a judge that waits for a service): more than a
            millisecond a row, as the first rows show. With 1 no thread is started. A slow scorer must be thread-safe.
        progress: Whether to show a progress bar.

    Raises:
        EvaluationError: If no scorer is given, they have no names, or one cannot be called.
    """

    def __init__(self, scorers: Mapping[str, Scorer], *, max_workers: int | None = None, progress: bool = True) -> None:
        if not scorers:
            raise EvaluationError("no scorer is given", hint=_BY_NAME)
        if not isinstance(scorers, Mapping):
            raise EvaluationError(f"the scorers are {shown(scorers)}, without names", hint=_BY_NAME)
        for name, scorer in scorers.items():
            if not callable(scorer):
                raise EvaluationError(f"the scorer {name!r} is {shown(scorer)}, which cannot be called", hint=_BY_NAME)
        self.scorers = dict(scorers)
        self.max_workers = worker_count(max_workers, waiting=True)
        self.progress = progress

    def __repr__(self) -> str:
        return f"Evaluator({self.scorers!r}, max_workers={self.max_workers})"

    @typed_call
    def evaluate(self, examples: Iterable[VQAExample], predictions: Iterable[Prediction]) -> Evaluation:
        """Score one model's predictions.

        Predictions are joined to examples by id. An example without a prediction becomes a row that is missing, a
        failed prediction one that has failed; neither reaches a scorer. Refusals in words and reasoning that was cut
        off are failures too, also where a prediction holds them as its answer.

        Args:
            examples: What was asked, with the answers that count as right.
            predictions: What one model answered, in any order.

        Returns:
            A row an example, in the order of the examples.

        Raises:
            AuthenticationError, QuotaError, ModelRetiredError: What every further request of a judge would meet too;
                the error's `partial` is the evaluation of the rows that were scored until then.
            EvaluationError: If there is nothing to score, an id occurs twice, a prediction belongs to no example, an
                example has no answer, or the predictions are of several models.
        """
        examples = tuple(examples)
        known = _in_order(examples, predictions)
        model, groups = _model(filter(None, known)), example_groups(examples)
        before = {name: _usage(scorer) for name, scorer in self.scorers.items()}
        rows: list[ScoredRow] = []
        try:
            asked = zip(examples, known, groups, strict=True)
            for row in self._rows(asked, model, total=len(examples)):
                rows.append(row)  # noqa: PERF402 - what was scored until an error is kept
        except NON_RETRYABLE as error:
            error.partial = self._evaluation(model, rows, before)
            raise
        return self._evaluation(model, rows, before)

    def _rows(self, pairs: Iterator[Asked], model: str, *, total: int) -> Iterator[ScoredRow]:
        from tqdm.auto import tqdm

        def score(pair: Asked) -> ScoredRow:
            return self._row(*pair, model)

        with tqdm(total=total, desc=f"score {visible(model)}", unit="row", disable=not self.progress) as bar:
            # The first rows go ahead alone: they tell whether threads are worth it, and a judge's wrong key costs one
            # request.
            start, probed = time.perf_counter(), 0
            while probed < PROBE_ROWS and (pair := next(pairs, None)) is not None:
                probed += pair[1] is not None and pair[1].answer is not None
                row = score(pair)
                bar.update()
                yield row
            slow = time.perf_counter() - start > SLOW_S * PROBE_ROWS
            for row in ordered_map(score, pairs, max_workers=self.max_workers if slow else 1):
                bar.update()
                yield row

    def _evaluation(
        self, model: str, rows: Sequence[ScoredRow], before: Mapping[str, ScorerUsage | None]
    ) -> Evaluation:
        facts = {}
        for name, scorer in self.scorers.items():
            start, now = before[name], _usage(scorer)
            facts[name] = replace(scorer_facts(scorer), usage=now.since(start) if now and start else None)
        return Evaluation(model=model, scorers=facts, rows=tuple(rows))

    def _row(self, example: VQAExample, prediction: Prediction | None, group: str, model: str) -> ScoredRow:
        outcome = _outcome(example, prediction)
        answer = outcome if isinstance(outcome, str) else None
        answered = None if answer is None else AnsweredExample(example=example, answer=answer)
        return ScoredRow(
            example_id=example.id,
            group=group,
            kind=question_kind(example),
            question_type=example.question_type,
            question=example.question,
            answers=example.answers,
            model=model,
            answer=answer,
            failure=outcome if isinstance(outcome, Failure) else None,
            scores={name: _score(scorer, answered) for name, scorer in self.scorers.items()} if answered else {},
            metadata=example.metadata,
        )


def _score(scorer: Scorer, answered: AnsweredExample) -> Score | ScoreFailure:
    try:
        result = scorer(answered)
        return result if isinstance(result, Score | ScoreFailure) else _plain_score(float(result))
    except NON_RETRYABLE:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a scorer raises is its failure on this row, counted as such
        return ScoreFailure(kind=type(error).__name__, message=str(error))


@lru_cache(maxsize=1024)
def _plain_score(value: float) -> Score:
    """Return the score of a scorer that gives numbers; rows of the same number share it."""
    return Score(value=value)


def _outcome(example: VQAExample, prediction: Prediction | None) -> str | Failure | None:
    """Return the answer that is scored, or the failure; predictions may come from elsewhere, with reasoning in them."""
    if prediction is None or prediction.answer is None:
        return prediction.failure if prediction else None
    outcome = outcome_of_text(prediction.answer)
    refused = isinstance(outcome, Failure) and outcome.kind == "refused"
    if refused and any(map(is_refusal, example.answers)):
        return prediction.answer  # the right answer is that there is none
    if isinstance(outcome, Failure) and outcome.kind == "empty" and not prediction.answer.strip():
        return prediction.answer  # nothing said at all: an answer that scorers find wrong
    return outcome


def _usage(scorer: object) -> ScorerUsage | None:
    usage: object = scorer.usage if isinstance(scorer, Metered) else None
    return usage if isinstance(usage, ScorerUsage) else None


def _in_order(examples: Sequence[VQAExample], predictions: Iterable[Prediction]) -> list[Prediction | None]:
    """Return the prediction of each example, None where there is none."""
    ids = _checked_ids(examples)
    given = tuple(predictions)
    if [prediction.example_id for prediction in given] == ids:  # as most are: a table by id would be held for nothing
        return [*given]
    found: dict[str, Prediction] = {}
    known = set(ids)
    for prediction in given:
        if prediction.example_id not in known:
            raise EvaluationError("the prediction belongs to no example", example_id=prediction.example_id)
        if prediction.example_id in found:
            raise EvaluationError("there are two predictions for one example", example_id=prediction.example_id)
        found[prediction.example_id] = prediction
    return [found.get(name) for name in ids]


def _checked_ids(examples: Sequence[VQAExample]) -> list[str]:
    if not examples:
        raise EvaluationError("there is no example to score")
    ids = [example.id for example in examples]
    if (twice := first_repeated(ids)) is not None:
        raise EvaluationError("two examples have the same id", example_id=twice)
    for example in examples:
        if not example.answers:
            raise EvaluationError("the example has no answer to score against", example_id=example.id)
    return ids


def _model(predictions: Iterable[Prediction]) -> str:
    models = sorted({prediction.model for prediction in predictions})
    if len(models) > 1:
        names = ", ".join(models)
        raise EvaluationError(f"the predictions are of several models: {names}", hint="Evaluate each on its own.")
    return models[0] if models else "(no model)"
