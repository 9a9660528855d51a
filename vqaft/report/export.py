"""Comparison as JSON for other programs, and as CSV that a spreadsheet opens without evaluating formulas."""

from __future__ import annotations

import csv
import io
import itertools
import unicodedata
from collections.abc import Iterator
from os import PathLike
from pathlib import Path

from vqaft.durable import write_atomically
from vqaft.evaluation import Comparison, PairedRow, ScoredRow

FORMULA_SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 - the wide ones start formulas too
_LOOKED_AT = 1_000


Cell = str | float | None


def write_csv(path: str | PathLike[str], comparison: Comparison, *, scorer: str | None = None) -> Path:
    """Write the rows of a comparison as CSV: an example a line, with both answers and all scores.

    A text that a spreadsheet would take for a formula gets an apostrophe in front; code points that UTF-8 cannot hold
    are written as escapes. The exact texts are in the JSON file.

    Args:
        path: The file; replaced in one step if it is there.
        comparison: The comparison.
        scorer: The name of the scorer that decides the outcome; the first one by default.

    Returns:
        The path.

    Raises:
        EvaluationError: If there is no such scorer.
    """
    decides = comparison.overall(scorer).scorer
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    names = tuple(comparison.scorers)
    writer.writerow(map(_safe, _columns(names)))
    writer.writerows(map(_safe, _cells(row, names, decides)) for row in comparison.rows)
    target = Path(path)
    # The mark at the beginning tells spreadsheets that this is UTF-8.
    write_atomically(target, text.getvalue().encode("utf-8-sig", errors="backslashreplace"))
    return target


def _columns(names: tuple[str, ...]) -> Iterator[str]:
    yield from ("example_id", "group", "kind", "question_type", "question", "truth", "other_answers", "outcome")
    for side in ("base", "tuned"):
        yield from (f"{side}_answer", f"{side}_failure")
        for name in names:
            yield from (f"{side}_{name}", f"{side}_{name}_label")


def _cells(row: PairedRow, names: tuple[str, ...], decides: str) -> Iterator[Cell]:
    yield from (row.example_id, row.group, row.kind, row.question_type, row.question)
    yield from (row.answers[0], "; ".join(row.answers[1:]), row.outcome(decides).value)
    for side in (row.base, row.tuned):
        yield from (side.answer, _failure(side))
        for name in names:
            yield from (side.value(name), side.label(name))


def _failure(row: ScoredRow) -> str | None:
    if row.failure is None:
        return None if row.status == "answered" else row.status
    return f"{row.failure.kind}: {row.failure.message}"


def _safe(cell: Cell) -> Cell:
    if isinstance(cell, str) and (cell.startswith(("\t", "\r")) or _shown(cell).startswith(FORMULA_SIGNS)):
        return f"'{cell}"
    return cell


def _shown(cell: str) -> str:
    """Return a text without the blanks and invisible characters that it begins with."""
    return "".join(itertools.dropwhile(lambda sign: unicodedata.category(sign)[0] in "CZ", cell[:_LOOKED_AT]))


SCHEMA = Path(__file__).parent / "comparison.schema.json"
"""JSON Schema of the files that `Comparison.write` writes."""
