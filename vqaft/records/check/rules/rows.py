"""Rules about rows side by side."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from vqaft.records.check.facts import FileFacts
from vqaft.records.check.problem import Severity
from vqaft.records.check.rule import FileRule, FoundLine
from vqaft.records.limits import ProviderLimits

_FEW = 10
_MOST_EQUAL = 0.9
_ONE_ANSWER_ROWS = 20


def duplicate(file: FileFacts, _: ProviderLimits) -> Iterable[FoundLine]:
    """Equal rows are paid twice, and count twice."""
    first: dict[object, int] = {}
    for row in file.rows:
        if row.identity in first:
            yield FoundLine(row.line, f"the row is the same as line {first[row.identity]}")
        first.setdefault(row.identity, row.line)


def _by_question(file: FileFacts) -> dict[tuple[object, str], list[tuple[int, str]]]:
    found: dict[tuple[object, str], list[tuple[int, str]]] = defaultdict(list)
    for row in file.rows:
        for asked in row.asked if row.images else ():
            found[row.images, asked.question.casefold()].append((row.line, asked.answer))
    return found


def contradiction(file: FileFacts, _: ProviderLimits) -> Iterable[FoundLine]:
    """The same question about the same image with different answers cannot be learnt."""
    for (_images, question), answers in _by_question(file).items():
        first_line, first = answers[0]
        for line, answer in answers[1:]:
            if answer.casefold() != first.casefold():
                said = f"{answer[:40]!r} here, {first[:40]!r} in line {first_line}"
                yield FoundLine(line, f"{question[:60]!r} about the same image is answered {said}")


def asked_again(file: FileFacts, _: ProviderLimits) -> Iterable[FoundLine]:
    """The same question about the same image, in rows that differ elsewhere."""
    identity = {row.line: row.identity for row in file.rows}
    for (_images, question), answers in _by_question(file).items():
        first = answers[0][0]
        for line in dict.fromkeys(line for line, _ in answers[1:]):
            if line != first and identity[line] != identity[first]:
                yield FoundLine(line, f"{question[:60]!r} about the same image is asked in line {first} too")


def context_image(file: FileFacts, _: ProviderLimits) -> Iterable[FoundLine]:
    """A few-shot example gives away answers about an image that other rows ask about."""
    context = {key: row.line for row in reversed(file.rows) for key in row.context_images}
    for row in file.rows:
        shown = next((context[key] for key in row.images if key in context), None)
        if shown is not None:
            yield FoundLine(row.line, f"its image is a few-shot example of other rows, e.g. line {shown}")


def one_answer(file: FileFacts, _: ProviderLimits) -> Iterable[FoundLine]:
    """Where nearly every answer is the same, that answer is all there is to learn."""
    answers = Counter(asked.answer.casefold() for row in file.rows for asked in row.asked)
    if answers.total() >= _ONE_ANSWER_ROWS:
        answer, count = answers.most_common(1)[0]
        if count > _MOST_EQUAL * answers.total():
            yield FoundLine(None, f"{count} of {answers.total()} answers are {answer[:40]!r}")


def spelling(file: FileFacts, _: ProviderLimits) -> Iterable[FoundLine]:
    """One answer written in several ways is learnt as several."""
    ways: dict[str, Counter[str]] = defaultdict(Counter)
    for row in file.rows:
        for asked in row.asked:
            ways[asked.answer.casefold().rstrip(".! ")][asked.answer] += 1
    for written in [way for way in ways.values() if len(way) > 1][:_FEW]:
        listed = ", ".join(f"{answer[:30]!r} {count} ×" for answer, count in written.most_common(3))
        yield FoundLine(None, f"the same answer is written as {listed}")


def several_systems(file: FileFacts, _: ProviderLimits) -> Iterable[FoundLine]:
    """A model is asked with one set of instructions; it should be trained with that one."""
    prompts = Counter(row.system for row in file.rows)
    if len(prompts) > 1:
        yield FoundLine(
            None, f"{len(prompts)} different instructions, {prompts.most_common(1)[0][1]} rows with the commonest"
        )


def mixed_kinds(file: FileFacts, _: ProviderLimits) -> Iterable[FoundLine]:
    """Supervised and preference rows do not go into one file."""
    kinds = Counter(row.is_preference for row in file.rows)
    if len(kinds) > 1:
        yield FoundLine(None, f"{kinds[False]} chat rows and {kinds[True]} preference rows")


def _rule(code: str, severity: Severity, find: Any, remedy: str) -> FileRule:
    return FileRule(code=f"rows.{code}", severity=severity, remedy=remedy, find=find)


ROWS_RULES = (
    _rule("duplicate", "warning", duplicate, "Take it out; fix_file does."),
    _rule("contradiction", "error", contradiction, "Keep the answer that is right."),
    _rule("asked-again", "warning", asked_again, "Keep one."),
    _rule("context-image", "error", context_image, "Take few-shot examples from images of their own."),
    _rule("one-answer", "warning", one_answer, "Add rows with other answers."),
    _rule("spelling", "warning", spelling, "Write it one way."),
    _rule("several-systems", "note", several_systems, "Use one, the one you will ask with."),
    _rule("mixed-kinds", "error", mixed_kinds, "Write one file of each kind."),
)
"""Rules about rows side by side."""
