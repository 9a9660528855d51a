"""Rules about two files of a set: what is trained on, and what must be unseen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from vqaft.data.duplicates import NEAR_DISTANCE, nearest_across
from vqaft.records.check.facts import FileFacts, RowFacts
from vqaft.records.check.problem import Severity
from vqaft.records.check.rule import FoundLine, PairRule

_FEW = 10


def _first_lines(file: FileFacts) -> dict[object, int]:
    return {key: row.line for row in reversed(file.rows) for key in row.images}


def same_row(trained: FileFacts, unseen: FileFacts) -> Iterable[FoundLine]:
    """The very row that was trained on."""
    known = {row.identity: row.line for row in trained.rows}
    for row in unseen.rows:
        if row.identity in known:
            yield FoundLine(row.line, f"the row is line {known[row.identity]} of {_name(trained)}")


def same_image(trained: FileFacts, unseen: FileFacts) -> Iterable[FoundLine]:
    """An image that was trained on: what is measured there is memory."""
    known = _first_lines(trained)
    identities = {row.identity for row in trained.rows}
    for row in unseen.rows:
        line = next((known[key] for key in row.images if key in known), None)
        if line is not None and row.identity not in identities:
            yield FoundLine(row.line, f"its image is in line {line} of {_name(trained)}")


def context_image(trained: FileFacts, unseen: FileFacts) -> Iterable[FoundLine]:
    """A few-shot example of one file shows an image that the other asks about."""
    yield from (
        FoundLine(row.line, f"its image is a few-shot example in line {line} of {_name(trained)}")
        for row, line in _meeting(unseen.rows, _context_lines(trained))
    )
    yield from (
        FoundLine(line, f"a few-shot example shows the image of line {row.line} of {_name(trained)}")
        for row, line in _meeting(trained.rows, _context_lines(unseen))
    )


def _context_lines(file: FileFacts) -> dict[object, int]:
    return {key: row.line for row in reversed(file.rows) for key in row.context_images}


def _meeting(rows: Iterable[RowFacts], shown: dict[object, int]) -> Iterator[tuple[RowFacts, int]]:
    for row in rows:
        line = next((shown[key] for key in row.images if key in shown), None)
        if line is not None:
            yield row, line


def near_image(trained: FileFacts, unseen: FileFacts) -> Iterable[FoundLine]:
    """An image that looks like one that was trained on; only where perceptual hashes were asked for."""
    known = [(key, value) for key, value in trained.hashes.items()]
    lines = _first_lines(trained)
    asked = [(row.line, key) for row in unseen.rows for key in row.images if key in unseen.hashes]
    asked = [(line, key) for line, key in asked if key not in trained.hashes]
    if not known or not asked:
        return
    queries = np.array([unseen.hashes[key] for _, key in asked], dtype=np.uint64)
    nearest = nearest_across(queries, np.array([value for _, value in known], dtype=np.uint64))
    for (line, _), target, distance in zip(asked, nearest.target, nearest.distance, strict=True):
        if distance <= NEAR_DISTANCE:
            where = lines.get(known[target][0], "?")
            yield FoundLine(
                line, f"its image looks like that in line {where} of {_name(trained)} ({distance} of 64 bits)"
            )


def unseen_answers(trained: FileFacts, unseen: FileFacts) -> Iterable[FoundLine]:
    """Answers that training never shows can only be right by reading or by luck."""
    known = {asked.answer.casefold() for row in trained.rows for asked in row.asked}
    asked = [asked.answer for row in unseen.rows for asked in row.asked if asked.answer]
    new = [answer for answer in asked if answer.casefold() not in known]
    if new:
        shown = ", ".join(repr(answer[:30]) for answer in dict.fromkeys(new[:_FEW]))
        yield FoundLine(None, f"{len(new)} of {len(asked)} answers never stand in {_name(trained)}, e.g. {shown}")


def other_system(trained: FileFacts, unseen: FileFacts) -> Iterable[FoundLine]:
    """Instructions that the model was not trained with."""
    if trained.rows and unseen.rows and {row.system for row in trained.rows} != {row.system for row in unseen.rows}:
        yield FoundLine(None, f"the instructions differ from those in {_name(trained)}")


def larger(trained: FileFacts, unseen: FileFacts) -> Iterable[FoundLine]:
    """More rows held out than trained on: the two may have been swapped."""
    if len(unseen.rows) > len(trained.rows) > 0:
        yield FoundLine(None, f"{len(unseen.rows)} rows, more than the {len(trained.rows)} of {_name(trained)}")


def _name(file: FileFacts) -> str:
    return file.path or "the training rows"


def _rule(code: str, severity: Severity, find: Any, remedy: str) -> PairRule:
    return PairRule(code=f"files.{code}", severity=severity, remedy=remedy, find=find)


_SPLIT = "Split by image: DatasetSplitter does."

FILES_RULES = (
    _rule("same-row", "error", same_row, _SPLIT),
    _rule("same-image", "error", same_image, _SPLIT),
    _rule("context-image", "error", context_image, "Take few-shot examples from images of their own."),
    _rule("near-image", "warning", near_image, _SPLIT),
    _rule("unseen-answers", "note", unseen_answers, "Report such answers apart, or add rows that show them."),
    _rule("other-system", "warning", other_system, "Build all files with the same MessageBuilder."),
    _rule("larger", "warning", larger, "Look whether the files were swapped."),
)
"""Rules about two files of a set."""
