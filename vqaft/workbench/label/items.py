"""Answers to label, in the order in which a look at them is worth most."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from vqaft.data import VQAExample, load_file
from vqaft.errors import DataError
from vqaft.evaluation import (
    RIGHT_OR_WRONG,
    AnsweredExample,
    Comparison,
    Evaluation,
    Evaluator,
    LabelAudit,
    LenientMatch,
    RecordedJudge,
    Rubric,
    Score,
    ScoredRow,
    ScorerFacts,
    audit_labels,
    compare,
)
from vqaft.inference import Predictions
from vqaft.workbench.folder import FileKind

HALF = 0.5
NEARLY_ALL = 0.95
"""A file of examples that holds this share of those that were asked about is the right one."""


@dataclass(frozen=True, kw_only=True)
class LabelItem:
    """One answer to one example.

    Attributes:
        key: Names it within its task.
        example: The example, with its images and its label.
        answer: The answer.
        models: Who gave it.
        scores: What scorers said about it, in words, by scorer; shown once a person has said it.
        judged: The level that the scorer held against people gave it; None where it gave none.
        evidence: What speaks against the label, in sentences; shown once a person has said it.
        is_disagreement: Whether models and label disagree here, so that it comes first.
    """

    key: str
    example: VQAExample
    answer: str
    models: tuple[str, ...]
    scores: Mapping[str, str] = field(repr=False)
    judged: str | None = None
    evidence: tuple[str, ...] = ()
    is_disagreement: bool = False


@dataclass(frozen=True, kw_only=True)
class LabelTask:
    """What is to be labeled.

    Attributes:
        items: The answers: disagreements first, then the others in an order that chance decides once.
        rubric: The levels to rate on.
        scorer: The scorer that is held against people.
        judge: Its recorded ratings; None where it gave none.
        audit: The labels in doubt, where two models are compared; else None.
        without_example: How many rows are left out, because the examples hold none of their id.
        without_answer: How many answers are missing.
    """

    items: tuple[LabelItem, ...]
    rubric: Rubric
    scorer: str
    judge: RecordedJudge | None = field(repr=False)
    audit: LabelAudit | None = field(default=None, repr=False)
    without_example: int = 0
    without_answer: int = 0

    @property
    def levels(self) -> tuple[str, ...]:
        """The names of the levels, best first."""
        return tuple(str(level.name) for level in self.rubric.levels)


@dataclass(frozen=True, kw_only=True)
class TaskFiles:
    """The files that a task is made of.

    Attributes:
        answers: What models answered.
        kind: What that file is: an evaluation, a comparison, or predictions.
        second: Another evaluation or other predictions of the same examples, to be compared with; None for none.
        examples: Files of examples; the first one that holds nearly all that was asked is taken, else the best one.
    """

    answers: Path
    kind: FileKind
    second: Path | None = None
    examples: tuple[Path, ...]


def load_task(files: TaskFiles) -> LabelTask:
    """Read the files of a task.

    Args:
        files: The files.

    Raises:
        DataError: If the examples cannot be read, or none of them belongs to the answers.
        StateError: If the answers cannot be read.
        EvaluationError: If two evaluations cannot be compared.
    """
    if files.kind == "comparison":
        comparison = Comparison.read(files.answers)
        return _of_comparison(comparison, _examples(files, {row.example_id for row in comparison.rows}))
    examples = _examples(files, _ids(files.answers))
    first = _evaluation(files.answers, examples)
    if files.second is None:
        return _of_evaluation(first, examples)
    return _of_comparison(compare(first, _evaluation(files.second, examples), slice_by=None), examples)


def _ids(path: Path) -> set[str]:
    if path.suffix.lower() == ".json":
        return {row.example_id for row in Evaluation.read(path).rows}
    return {prediction.example_id for prediction in Predictions.read(path)}


def _examples(files: TaskFiles, wanted: Collection[str]) -> dict[str, VQAExample]:
    """Return the examples that were asked about, from the file that holds most of them."""
    best: dict[str, VQAExample] = {}
    for path in files.examples:
        try:
            found = {example.id: example for example in load_file(path, on_error="skip") if example.id in wanted}
        except DataError:  # no table of examples after all
            continue
        best = max(best, found, key=len)
        if len(best) >= NEARLY_ALL * len(wanted):
            break
    if not best:
        hint = "Choose the examples that the models were asked about; they are joined by id."
        raise DataError("none of the answers belongs to one of these examples", path=files.answers, hint=hint)
    return best


def _evaluation(path: Path, examples: Mapping[str, VQAExample]) -> Evaluation:
    if path.suffix.lower() == ".json":
        return Evaluation.read(path)
    answered = [example for example in examples.values() if example.answers]
    return Evaluator({"lenient": LenientMatch()}, progress=False).evaluate(answered, Predictions.read(path))


def _of_evaluation(evaluation: Evaluation, examples: Mapping[str, VQAExample]) -> LabelTask:
    scorer = _judging(evaluation.scorers)
    wrong = [row for row in evaluation.rows if (value := row.value(scorer)) is not None and value < HALF]
    wrong.sort(key=lambda row: (row.value(scorer) or 0.0, _by_chance(row.example_id)))
    first = {row.example_id: () for row in wrong}
    return _task([evaluation.rows], evaluation.scorers, examples, first)


def _of_comparison(comparison: Comparison, examples: Mapping[str, VQAExample]) -> LabelTask:
    rows = {row.example_id for row in comparison.rows}
    audit = audit_labels(comparison, examples=[example for name, example in examples.items() if name in rows])
    sides = [[row.base for row in comparison.rows], [row.tuned for row in comparison.rows]]
    first = {doubt.row.example_id: doubt.evidence for doubt in audit}
    return _task(sides, comparison.scorers, examples, first, audit=audit)


def _task(
    sides: Iterable[Iterable[ScoredRow]],
    scorers: Mapping[str, ScorerFacts],
    examples: Mapping[str, VQAExample],
    first: Mapping[str, tuple[str, ...]],
    *,
    audit: LabelAudit | None = None,
) -> LabelTask:
    """Return the task of rows, those of the examples in `first` before all others."""
    scorer = _judging(scorers)
    rows = [row for side in sides for row in side]
    answers: dict[str, dict[str, list[ScoredRow]]] = {}
    for row in rows:
        if row.example_id in examples and row.answer is not None:
            answers.setdefault(row.example_id, {}).setdefault(row.answer, []).append(row)
    if not answers:
        raise DataError("the models answered nothing")
    judge = _recorded(rows, scorer, scorers[scorer])
    order = [name for name in first if name in answers]
    order += sorted(answers.keys() - first.keys(), key=_by_chance)
    items = [
        _item(examples[name], answer, same, judge=judge, evidence=first.get(name))
        for name in order
        for answer, same in answers[name].items()
    ]
    return LabelTask(
        items=tuple(items),
        rubric=RIGHT_OR_WRONG if judge is None else judge.rubric,
        scorer=scorer,
        judge=judge,
        audit=audit,
        without_example=len({row.example_id for row in rows} - examples.keys()),
        without_answer=sum(row.answer is None for row in rows),
    )


def _judging(scorers: Mapping[str, ScorerFacts]) -> str:
    """Return the scorer that is held against people: the first one with levels, else the first one."""
    return next((name for name, facts in scorers.items() if facts.levels), next(iter(scorers)))


def _recorded(rows: Iterable[ScoredRow], scorer: str, facts: ScorerFacts) -> RecordedJudge | None:
    scored = [row for row in rows if isinstance(row.scores.get(scorer), Score)]
    return RecordedJudge.of(scored, scorer, levels=facts.levels) if scored else None


def _item(
    example: VQAExample,
    answer: str,
    rows: list[ScoredRow],
    *,
    judge: RecordedJudge | None,
    evidence: tuple[str, ...] | None,
) -> LabelItem:
    rating = None if judge is None else judge(AnsweredExample(example=example, answer=answer))
    return LabelItem(
        key=hashlib.sha256(f"{len(example.id)}:{example.id}{answer}".encode(errors="surrogatepass")).hexdigest()[:24],
        example=example if example.answers else replace(example, answers=rows[0].answers),
        answer=answer,
        models=tuple(dict.fromkeys(row.model for row in rows)),
        scores={name: _words(score) for name, score in rows[0].scores.items() if isinstance(score, Score)},
        judged=rating.label if isinstance(rating, Score) else None,
        evidence=evidence or (),
        is_disagreement=evidence is not None,
    )


def _words(score: Score) -> str:
    said = f"{score.value:.2g}" if score.label is None else score.label
    return f"{said}: {score.reason}" if score.reason else said


def _by_chance(name: str) -> bytes:
    """Return what an example is sorted by, which has nothing to do with the example."""
    return hashlib.sha256(name.encode(errors="surrogatepass")).digest()
