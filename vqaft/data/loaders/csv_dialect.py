"""How a CSV file separates and quotes its cells."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import IO, TypeAlias

from vqaft.errors import DataError, shown
from vqaft.filesystem import Location, suffix_of

Dialect: TypeAlias = str | csv.Dialect | type[csv.Dialect] | None
"""A delimiter of one character, a dialect of the module `csv`, the name of one, or None to detect it."""

_DELIMITERS = ",;\t|"
_SAMPLE_CHARACTERS = 1 << 16
_SAMPLE_ROWS = 50


def detected_dialect(file: IO[str], dialect: Dialect, path: Location) -> tuple[type[csv.Dialect], int]:
    """Find the dialect of an opened CSV file, and leave the file at its header.

    Spreadsheets may say it in a first line such as `sep=;`. Otherwise the delimiter is the one that cuts the most rows
    of the file's beginning into the same number of cells, two at least.

    Args:
        file: The file, at its start, opened with `newline=""`.
        dialect: What the caller says; None to detect it.
        path: For errors.

    Returns:
        The dialect, and how many lines stand before the header.

    Raises:
        DataError: If the caller's dialect is not one.
    """
    sample = file.read(_SAMPLE_CHARACTERS)
    first = sample.partition("\n")[0].strip()
    said = first[4:5] if first.lower().startswith("sep=") and len(first) <= 5 else ""  # noqa: PLR2004
    file.seek(0)
    if said or first.lower() == "sep=":
        file.readline()
    chosen = _given(dialect, path) if dialect is not None else None
    if chosen is None:
        sample = sample.partition("\n")[2] if said else sample
        chosen = _made(said or _delimiter(sample, path), sample)
    return chosen, int(bool(said))


def _given(dialect: Dialect, path: Location) -> type[csv.Dialect] | None:
    if isinstance(dialect, str) and len(dialect) == 1:
        return _made(dialect, "")
    try:
        known = csv.get_dialect(dialect) if isinstance(dialect, str) else dialect
        csv.reader([], known)  # type: ignore[arg-type]
    except (csv.Error, TypeError):
        hint = "Give a delimiter such as ';', a dialect of the module csv, or the name of one."
        raise DataError(f"dialect is {shown(dialect)}, not a dialect of CSV", path=path, hint=hint) from None
    return known  # type: ignore[return-value]


def _made(mark: str, sample: str) -> type[csv.Dialect]:
    backslash = '\\"' in sample and '""' not in sample.replace(f'{mark}""', "")

    class Found(csv.excel):
        delimiter = mark
        skipinitialspace = mark != " "
        escapechar = "\\" if backslash else None
        doublequote = not backslash

    return Found


def _delimiter(sample: str, path: Location) -> str:
    """Return the delimiter that cuts the sample most evenly; for a tie the one that comes first in `_DELIMITERS`."""
    usual = "\t" if suffix_of(path) in {".tsv", ".tab"} else ","
    scores = {mark: _evenness(sample, mark) for mark in (usual, *_DELIMITERS)}
    best = max(scores, key=lambda mark: scores[mark])
    return best if scores[best] > (0, 0) else usual


def _evenness(sample: str, mark: str) -> tuple[float, int]:
    """Return the share of rows with as many cells as the header, and how many cells that is; (0, 0) for one cell."""
    rows = []
    try:
        for cells in csv.reader(io.StringIO(sample, newline=""), _made(mark, sample)):
            rows.append(len(cells))
            if len(rows) > _SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    counts = Counter(rows[1:-1] if len(rows) > 2 else rows)  # noqa: PLR2004 - the last row may be cut off
    if not rows or rows[0] < 2 or not counts:  # noqa: PLR2004
        return 0, 0
    return counts[rows[0]] / counts.total(), rows[0]
