"""Find labels that may be wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from vqaft.data import VQAExample, label_conflicts
from vqaft.evaluation.comparison import Comparison
from vqaft.evaluation.judge.llm_judge import LLMJudge
from vqaft.evaluation.judge.prompt import JudgeQuestion
from vqaft.evaluation.label_audit import LabelAudit, LabelDoubt
from vqaft.evaluation.paired_row import PairedRow
from vqaft.evaluation.score import Score
from vqaft.evaluation.scorers.final_answer import final_answer
from vqaft.evaluation.scorers.text_normal import words

HALF = 0.5
BINARY = 0.2
"""Two models that are wrong on a yes-or-no question agree by necessity, which says little."""
AGREEMENT, JUDGED, CONFLICT, READ = 1.0, 0.8, 1.5, 1.5

Evidence = tuple[float, str]


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
    return LabelAudit(tuple(doubts), n=len(comparison.rows), contradictions=contradictions)


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
    score = judge.rate(JudgeQuestion(question=question, reference=base, candidate=tuned))
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
