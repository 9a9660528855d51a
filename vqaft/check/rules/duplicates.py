"""Rules across rows of a file, and across the files of a set."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from typing import Any

import numpy as np

from vqaft.check.parsed_row import Asked, ParsedFile, ParsedRow
from vqaft.check.rule import FileRule, FoundLine, PairRule, Severity
from vqaft.images import NEAR_DISTANCE, nearest_across
from vqaft.providers import ProviderLimits

_FEW = 10


def _first_lines(file: ParsedFile) -> dict[object, int]:
    return {key: row.line for row in reversed(file.rows) for key in row.images}


def same_row(trained: ParsedFile, unseen: ParsedFile) -> Iterable[FoundLine]:
    """The very row that was trained on."""
    known = {row.identity: row.line for row in trained.rows}
    for row in unseen.rows:
        if row.identity in known:
            yield FoundLine(row.line, f"the row is line {known[row.identity]} of {_name(trained)}")


def same_image(trained: ParsedFile, unseen: ParsedFile) -> Iterable[FoundLine]:
    """An image that was trained on: what is measured there is memory."""
    known = _first_lines(trained)
    identities = {row.identity for row in trained.rows}
    for row in unseen.rows:
        line = next((known[key] for key in row.images if key in known), None)
        if line is not None and row.identity not in identities:
            yield FoundLine(row.line, f"its image is in line {line} of {_name(trained)}")


def context_image_across_files(trained: ParsedFile, unseen: ParsedFile) -> Iterable[FoundLine]:
    """A few-shot example of one file shows an image that the other asks about."""
    yield from (
        FoundLine(row.line, f"its image is a few-shot example in line {line} of {_name(trained)}")
        for row, line in _meeting(unseen.rows, _context_lines(trained))
    )
    yield from (
        FoundLine(line, f"a few-shot example shows the image of line {row.line} of {_name(trained)}")
        for row, line in _meeting(trained.rows, _context_lines(unseen))
    )


def _context_lines(file: ParsedFile) -> dict[object, int]:
    return {key: row.line for row in reversed(file.rows) for key in row.context_images}


def _meeting(rows: Iterable[ParsedRow], shown: dict[object, int]) -> Iterator[tuple[ParsedRow, int]]:
    for row in rows:
        line = next((shown[key] for key in row.images if key in shown), None)
        if line is not None:
            yield row, line


def near_image(trained: ParsedFile, unseen: ParsedFile) -> Iterable[FoundLine]:
    """An image that looks like one that was trained on; only where perceptual hashes were asked for."""
    known = [(key, value) for key, value in trained.hashes.items()]
    lines = _first_lines(trained)
    asked = [(row.line, key) for row in unseen.rows for key in row.images if key in unseen.hashes]
    asked = [(line, key) for line, key in asked if key not in trained.hashes]
    if not known or not asked:
        return
    queries = np.array([unseen.hashes[key] for _, key in asked], dtype=np.uint64)
    targets = np.array([value for _, value in known], dtype=np.uint64)
    nearest = nearest_across(queries, targets, within=NEAR_DISTANCE)
    for (line, _), target, distance in zip(asked, nearest.target, nearest.distance, strict=True):
        if distance <= NEAR_DISTANCE:
            where = lines.get(known[target][0], "?")
            yield FoundLine(
                line, f"its image looks like that in line {where} of {_name(trained)} ({distance} of 64 bits)"
            )


def unseen_answers(trained: ParsedFile, unseen: ParsedFile) -> Iterable[FoundLine]:
    """Answers that training never shows can only be right by reading or by luck."""
    known = {asked.answer.casefold() for row in trained.rows for asked in row.asked}
    asked = [asked.answer for row in unseen.rows for asked in row.asked if asked.answer]
    new = [answer for answer in asked if answer.casefold() not in known]
    if new:
        shown = ", ".join(repr(answer[:30]) for answer in dict.fromkeys(new[:_FEW]))
        yield FoundLine(None, f"{len(new)} of {len(asked)} answers never stand in {_name(trained)}, e.g. {shown}")


def other_system(trained: ParsedFile, unseen: ParsedFile) -> Iterable[FoundLine]:
    """Instructions that the model was not trained with."""
    if trained.rows and unseen.rows and {row.system for row in trained.rows} != {row.system for row in unseen.rows}:
        yield FoundLine(None, f"the instructions differ from those in {_name(trained)}")


def larger(trained: ParsedFile, unseen: ParsedFile) -> Iterable[FoundLine]:
    """More rows held out than trained on: the two may have been swapped."""
    if len(unseen.rows) > len(trained.rows) > 0:
        yield FoundLine(None, f"{len(unseen.rows)} rows, more than the {len(trained.rows)} of {_name(trained)}")


def _name(file: ParsedFile) -> str:
    return file.path or "the training rows"


def _pair_rule(code: str, severity: Severity, find: Any, remedy: str) -> PairRule:
    return PairRule(code=f"files.{code}", severity=severity, remedy=remedy, find=find)


_SPLIT = "Split by image: DatasetSplitter does."
FILES_RULES = (
    _pair_rule("same-row", "error", same_row, _SPLIT),
    _pair_rule("same-image", "error", same_image, _SPLIT),
    _pair_rule(
        "context-image", "error", context_image_across_files, "Take few-shot examples from images of their own."
    ),
    _pair_rule("near-image", "warning", near_image, _SPLIT),
    _pair_rule("unseen-answers", "note", unseen_answers, "Report such answers apart, or add rows that show them."),
    _pair_rule("other-system", "warning", other_system, "Build all files with the same MessageBuilder."),
    _pair_rule("larger", "warning", larger, "Look whether the files were swapped."),
)
"""Rules about two files of a set."""

_MOST_EQUAL = 0.9
_ONE_ANSWER_ROWS = 20


def duplicate(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
    """Equal rows are paid twice, and count twice."""
    several = _repeated(row.identity for row in file.rows)
    first: dict[object, int] = {}
    for row in file.rows:
        if several and hash(row.identity) in several:
            line = first.setdefault(row.identity, row.line)
            if line != row.line:
                yield FoundLine(row.line, f"the row is the same as line {line}")


def _repeated(keys: Iterable[Hashable]) -> frozenset[int]:
    """Return the hashes that stand more than once: those of all equal keys, in 8 bytes a key of memory."""
    hashes = np.sort(np.fromiter(map(hash, keys), dtype=np.int64))
    return frozenset(hashes[1:][hashes[1:] == hashes[:-1]].tolist())


def _asked_images(file: ParsedFile) -> Iterator[tuple[tuple[object, str], ParsedRow, Asked]]:
    return (
        ((row.images, asked.question.casefold()), row, asked) for row in file.rows if row.images for asked in row.asked
    )


def _by_question(file: ParsedFile) -> dict[tuple[object, str], list[tuple[int, str]]]:
    """Return line and answer by images and question, of questions that are asked more than once."""
    several = _repeated(key for key, _, _ in _asked_images(file))
    found: dict[tuple[object, str], list[tuple[int, str]]] = defaultdict(list)
    for key, row, asked in _asked_images(file) if several else ():
        if hash(key) in several:
            found[key].append((row.line, asked.answer))
    return found


def contradiction(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
    """The same question about the same image with different answers cannot be learnt."""
    for (_images, question), answers in _by_question(file).items():
        first_line, first = answers[0]
        for line, answer in answers[1:]:
            if answer.casefold() != first.casefold():
                said = f"{answer[:40]!r} here, {first[:40]!r} in line {first_line}"
                yield FoundLine(line, f"{question[:60]!r} about the same image is answered {said}")


def asked_again(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
    """The same question about the same image, in rows that differ elsewhere."""
    questions = _by_question(file)
    lines = {line for answers in questions.values() for line, _ in answers}
    identity = {row.line: row.identity for row in file.rows if row.line in lines}
    for (_images, question), answers in questions.items():
        first = answers[0][0]
        for line in dict.fromkeys(line for line, _ in answers[1:]):
            if line != first and identity[line] != identity[first]:
                yield FoundLine(line, f"{question[:60]!r} about the same image is asked in line {first} too")


def context_image(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
    """A few-shot example gives away answers about an image that other rows ask about."""
    context = {key: row.line for row in reversed(file.rows) for key in row.context_images}
    for row in file.rows:
        shown = next((context[key] for key in row.images if key in context), None)
        if shown is not None:
            yield FoundLine(row.line, f"its image is a few-shot example of other rows, e.g. line {shown}")


def one_answer(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
    """Where nearly every answer is the same, that answer is all there is to learn."""
    answers = Counter(asked.answer.casefold() for row in file.rows for asked in row.asked)
    if answers.total() >= _ONE_ANSWER_ROWS:
        answer, count = answers.most_common(1)[0]
        if count > _MOST_EQUAL * answers.total():
            yield FoundLine(None, f"{count} of {answers.total()} answers are {answer[:40]!r}")


def spelling(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
    """One answer written in several ways is learnt as several."""
    ways: dict[str, Counter[str]] = defaultdict(Counter)
    for row in file.rows:
        for asked in row.asked:
            ways[asked.answer.casefold().rstrip(".! ")][asked.answer] += 1
    for written in [way for way in ways.values() if len(way) > 1][:_FEW]:
        listed = ", ".join(f"{answer[:30]!r} {count} ×" for answer, count in written.most_common(3))
        yield FoundLine(None, f"the same answer is written as {listed}")


def several_systems(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
    """A model is asked with one set of instructions; it should be trained with that one."""
    prompts = Counter(row.system for row in file.rows)
    if len(prompts) > 1:
        yield FoundLine(
            None, f"{len(prompts)} different instructions, {prompts.most_common(1)[0][1]} rows with the commonest"
        )


def mixed_kinds(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
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
    _rule(
        "context-image",
        "warning",
        context_image,
        "Take few-shot examples from images of their own; earlier turns of a conversation do no harm.",
    ),
    _rule("one-answer", "warning", one_answer, "Add rows with other answers."),
    _rule("spelling", "warning", spelling, "Write it one way."),
    _rule("several-systems", "note", several_systems, "Use one, the one you will ask with."),
    _rule("mixed-kinds", "error", mixed_kinds, "Write one file of each kind."),
)
"""Rules about rows side by side."""
