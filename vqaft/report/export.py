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
from vqaft.evaluation import Comparison, ModelComparison, ScoredRow
from vqaft.report.compared import Compared
from vqaft.typed import typed_call

FORMULA_SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # noqa: RUF001 - the wide ones start formulas too
_LOOKED_AT = 1_000

Cell = str | float | None


@typed_call
def write_csv(
    path: str | PathLike[str], comparison: Comparison | ModelComparison, *, scorer: str | None = None
) -> Path:
    """Write the rows of a comparison as CSV: an example a line, with the answers and all scores of every model.

    A text that a spreadsheet would take for a formula gets an apostrophe in front; code points that UTF-8 cannot hold
    are written as escapes. The exact texts are in the JSON file. Of several models, the columns of each begin with its
    name, and every pair has an outcome; that of the first two is the column "outcome".

    Args:
        path: The file; replaced in one step if it is there.
        comparison: Of two models, or of several.
        scorer: The name of the scorer that decides the outcome; the first one by default, of several models the one
            that they were compared by.

    Returns:
        The path.

    Raises:
        EvaluationError: If there is no such scorer, or several models were compared by another one.
    """
    compared = Compared.of(comparison, scorer)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    scorers = tuple(compared.main.scorers)
    writer.writerow(map(_safe, _columns(compared, scorers)))
    writer.writerows(map(_safe, _cells(sides, compared, scorers)) for sides in compared.rows())
    target = Path(path)
    # The mark at the beginning tells spreadsheets that this is UTF-8.
    write_atomically(target, text.getvalue().encode("utf-8-sig", errors="backslashreplace"))
    return target


def _columns(compared: Compared, scorers: tuple[str, ...]) -> Iterator[str]:
    yield from ("example_id", "group", "kind", "question_type", "question", "truth", "other_answers", "outcome")
    yield from (f"outcome_{second}_against_{first}" for first, second in compared.pairs[1:])
    for name in compared.names:
        yield from (f"{name}_answer", f"{name}_failure")
        for scorer in scorers:
            yield from (f"{name}_{scorer}", f"{name}_{scorer}_label")


def _cells(sides: tuple[ScoredRow | None, ...], compared: Compared, scorers: tuple[str, ...]) -> Iterator[Cell]:
    row = next(side for side in sides if side is not None)
    yield from (row.example_id, row.group, row.kind, row.question_type, row.question)
    yield from (row.answers[0], "; ".join(row.answers[1:]))
    yield from (outcome.value for outcome in compared.outcomes(sides))
    for side in sides:
        yield from (None, "missing") if side is None else (side.answer, _failure(side))
        for scorer in scorers:
            yield from (None, None) if side is None else (side.value(scorer), side.label(scorer))


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
"""JSON Schema of the files that `Comparison.write` and `ModelComparison.write` write."""
