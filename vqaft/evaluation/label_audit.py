"""Rank labels that may be wrong, and estimate how far wrong labels keep every model down."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from pydantic import NonNegativeInt

from vqaft.data import VQAExample, label_conflicts
from vqaft.errors import EvaluationError
from vqaft.evaluation.comparison import Comparison
from vqaft.evaluation.judge.llm_judge import LLMJudge
from vqaft.evaluation.judge.prompt import JudgeQuestion
from vqaft.evaluation.rows import PairedRow
from vqaft.evaluation.score import Score
from vqaft.evaluation.scorers.final_answer import final_answer
from vqaft.evaluation.scorers.normalize import words
from vqaft.evaluation.statistics.clustered_mean import clopper_pearson
from vqaft.evaluation.statistics.interval import Estimate, Interval
from vqaft.evaluation.tables import Table, data_frame, percent, percent_range
from vqaft.typed import Confidence, typed, typed_call

SHOWN = 20


@dataclass(frozen=True, kw_only=True)
@typed
class LabelDoubt:
    """An example whose label may be wrong.

    Attributes:
        row: The example with both answers.
        weight: How much speaks against the label; the higher, the sooner to look at.
        evidence: What speaks against it, in sentences.
    """

    row: PairedRow
    weight: float
    evidence: tuple[str, ...]


@dataclass(frozen=True)
@typed
class LabelAudit(Sequence[LabelDoubt]):
    """Labels in doubt, weightiest first.

    Two good models find most wrong labels; a weak base model beside a tuned one finds about one in three, so a label
    without a doubt is not a right one. `ceiling` estimates how many are wrong once a person has looked.

    Attributes:
        doubts: The doubts.
        example_ids: The examples that were looked at.
        contradictions: Examples whose label contradicts another one's on the same picture and question.
    """

    doubts: tuple[LabelDoubt, ...]
    example_ids: tuple[str, ...]
    contradictions: NonNegativeInt = 0

    @property
    def n(self) -> int:
        """Examples that were looked at."""
        return len(self.example_ids)

    @overload
    def __getitem__(self, index: int) -> LabelDoubt: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[LabelDoubt, ...]: ...
    def __getitem__(self, index: int | slice) -> LabelDoubt | tuple[LabelDoubt, ...]:
        return self.doubts[index]

    def __len__(self) -> int:
        return len(self.doubts)

    def __iter__(self) -> Iterator[LabelDoubt]:
        return iter(self.doubts)

    def ceiling(self, checked: Mapping[str, bool], *, confidence: Confidence = 0.95) -> Estimate:
        """Estimate what a perfect model could score by these labels, from labels that a person has looked at.

        Look at a random part of the doubts (or all of them) and at a random part of the other examples: wrong labels
        hide there too. The two are estimated apart and added up by their numbers.

        Args:
            checked: Whether the label is wrong, by example id.
            confidence: The confidence level of the interval, 0 to 1.

        Returns:
            The share, and an interval that holds it at least as often as it says. Without a look at the other examples
            there is no estimate, and the interval is only an upper bound.

        Raises:
            EvaluationError: If nothing was checked, or an id is not among the examples.
        """
        if not checked:
            raise EvaluationError("no label was checked")
        if stray := checked.keys() - set(self.example_ids):
            raise EvaluationError("the example is not among those that were looked at", example_id=min(stray))
        doubted = {doubt.row.example_id for doubt in self.doubts}
        parts = [doubted, set(self.example_ids) - doubted]
        found = [_wrong_labels(part, checked, 1 - (1 - confidence) / 2) for part in parts]
        low, high = 1 - sum(most for _, _, most in found) / self.n, 1 - sum(least for least, _, _ in found) / self.n
        values = [likely for _, likely, _ in found]
        known = [value for value in values if value is not None]
        interval = Interval(low=low, high=high, confidence=confidence, method="stratified Clopper-Pearson")
        return Estimate(value=1 - sum(known) / self.n if len(known) == len(values) else None, interval=interval)

    def table(self) -> Table:
        """Return the weightiest doubts as a table."""
        columns = ("example", ">weight", "question", "label", "base", "tuned", "evidence")
        return Table(columns=columns, rows=[_cells(doubt) for doubt in self.doubts[:SHOWN]])

    def to_pandas(self) -> Any:
        """Return all doubts as a data frame.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        columns = self.table().columns
        return data_frame([dict(zip(columns, _cells(doubt), strict=True)) for doubt in self.doubts])

    def __str__(self) -> str:
        words = (
            f"{len(self.doubts)} of {self.n} labels are in doubt. Look at them, and at some of the others: `ceiling` "
            "then says how many of all are wrong."
        )
        return f"{self.table().text()}\n\n{words}" if self.doubts else words

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table().html()


def ceiling_text(estimate: Estimate) -> str:
    """Return the ceiling as a sentence.

    Args:
        estimate: What `LabelAudit.ceiling` returned.
    """
    if estimate.value is None:
        most = percent(estimate.interval.high) if estimate.interval else percent(None)
        return f"A perfect model would score {most} at most by these labels."
    return (
        f"A perfect model would score {percent(estimate.value)} ({percent_range(estimate.interval)}) by these labels."
    )


def _wrong_labels(
    part: Collection[str], checked: Mapping[str, bool], confidence: float
) -> tuple[float, float | None, float]:
    """Return the lowest, the likeliest and the highest number of wrong labels in a part of the examples."""
    looks = [checked[name] for name in part if name in checked]
    size, seen, wrong = len(part), len(looks), sum(looks)
    if not looks:
        return 0.0, None if size else 0.0, float(size)
    share = clopper_pearson(wrong, seen, confidence=confidence)
    return max(wrong, size * share.low), size * wrong / seen, min(size - seen + wrong, size * share.high)


def _cells(doubt: LabelDoubt) -> tuple[str, ...]:
    row = doubt.row
    return (
        row.example_id,
        f"{doubt.weight:.1f}",
        row.question,
        row.answers[0],
        row.base.answer or "–",
        row.tuned.answer or "–",
        " ".join(doubt.evidence),
    )


HALF = 0.5

BINARY = 0.2
"""Two models that are wrong on a yes-or-no question agree by necessity, which says little."""

AGREEMENT, JUDGED, CONFLICT, READ = 1.0, 0.8, 1.5, 1.5

Evidence = tuple[float, str]


@typed_call
def audit_labels(
    comparison: Comparison,
    *,
    scorer: str | None = None,
    examples: Iterable[VQAExample] = (),
    text: Mapping[str, str] | None = None,
    judge: LLMJudge | None = None,
) -> LabelAudit:
    """Rank labels by what speaks against them.

    Against a label speak: both models giving one and the same other answer (little on yes-or-no questions, where
    there is but one other); another label of the same picture and question that contradicts it; and text read in the
    image that holds the models' common answer and not the label.

    Args:
        comparison: Two models on the examples.
        scorer: The scorer that says which answers go against the label; the first one by default.
        examples: The examples, to find contradictions between their pictures; not looked for where empty.
        text: What was read in each example's image, by example id, e.g. by OCR.
        judge: Asked whether two answers in different words mean the same; only words count where None.

    Returns:
        The labels in doubt, weightiest first.

    Raises:
        ImageError: If `examples` are given and an image cannot be read.
    """
    name = comparison.overall(scorer).scorer
    conflicts = _conflicts(examples)
    read = text or {}
    doubts = []
    for row in comparison.rows:
        agreed = list(_agreement(row, name, judge))
        seen = list(_reading(row, read.get(row.example_id))) if agreed else []
        found = [*agreed, *seen, *_contradiction(row, conflicts)]
        if found:
            weight = sum(evidence[0] for evidence in found)
            doubts.append(LabelDoubt(row=row, weight=weight, evidence=tuple(sentence for _, sentence in found)))
    doubts.sort(key=lambda doubt: (-doubt.weight, doubt.row.example_id))
    contradictions = sum(row.example_id in conflicts for row in comparison.rows)
    ids = tuple(row.example_id for row in comparison.rows)
    return LabelAudit(tuple(doubts), ids, contradictions=contradictions)


def _conflicts(examples: Iterable[VQAExample]) -> dict[str, str]:
    return {conflict.examples[1].id: str(conflict) for conflict in label_conflicts(examples)}


def _agreement(row: PairedRow, scorer: str, judge: LLMJudge | None) -> Iterator[Evidence]:
    values = row.base.value(scorer), row.tuned.value(scorer)
    if any(value is None or value >= HALF for value in values):
        return
    base, tuned = final_answer(row.base.answer or ""), final_answer(row.tuned.answer or "")
    if not words(base) or not words(tuned):
        return
    if words(base) == words(tuned):
        weight = BINARY if row.kind == "closed" else AGREEMENT
        yield weight, f"Both models answer {tuned!r}."
    elif judge is not None and _same_meaning(judge, row.question, base, tuned):
        yield JUDGED, f"Both models mean the same, says the judge: {base!r} and {tuned!r}."


def _same_meaning(judge: LLMJudge, question: str, base: str, tuned: str) -> bool:
    score = judge.rate(JudgeQuestion(question=question, references=(base,), candidate=tuned))
    return isinstance(score, Score) and score.label == judge.levels[0]


def _contradiction(row: PairedRow, conflicts: Mapping[str, str]) -> Iterator[Evidence]:
    if row.example_id in conflicts:
        yield CONFLICT, f"Labels contradict each other: {conflicts[row.example_id]}."


def _reading(row: PairedRow, text: str | None) -> Iterator[Evidence]:
    if text is None:
        return
    answer = final_answer(row.tuned.answer or "")
    if _holds(text, answer) and not any(_holds(text, truth) for truth in row.answers):
        yield READ, f"The image reads {answer!r}, and not the label."


def _holds(text: str, part: str) -> bool:
    said, wanted = words(text), words(part)
    return bool(wanted) and f" {' '.join(wanted)} " in f" {' '.join(said)} "
