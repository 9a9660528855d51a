"""Parts of the data that are looked at on their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from vqaft.evaluation.rows import ScoredRow

Slicer: TypeAlias = str | Callable[[ScoredRow], object]
"""What to slice by: "kind", "question_type", a column of the metadata, or a function of a row."""

ALL = "all"
NONE = "(none)"


def slicer_name(slicer: Slicer) -> str:
    """Name a slicer for tables.

    Args:
        slicer: A column's name or a function.
    """
    return slicer if isinstance(slicer, str) else getattr(slicer, "__name__", type(slicer).__name__)


def slice_value(row: ScoredRow, slicer: Slicer) -> str:
    """Return which slice a row belongs to.

    Args:
        row: The row.
        slicer: What to slice by.

    Returns:
        The slice's name; "(none)" where the row has no value there.
    """
    if callable(slicer):
        value = slicer(row)
    elif slicer == "kind":
        value = row.kind
    elif slicer == "question_type":
        value = row.question_type
    else:
        value = row.metadata.get(slicer)
    return NONE if value is None else str(value)


def slice_rows(rows: Iterable[ScoredRow], slicer: Slicer) -> dict[str, list[int]]:
    """Sort rows into slices.

    Args:
        rows: The rows.
        slicer: What to slice by; "all" for one slice that holds everything.

    Returns:
        The positions of each slice's rows, slices in the order of their names.
    """
    found: dict[str, list[int]] = {}
    for position, row in enumerate(rows):
        found.setdefault(ALL if slicer == ALL else slice_value(row, slicer), []).append(position)
    return dict(sorted(found.items()))


def as_slicers(slice_by: Slicer | Sequence[Slicer] | None) -> tuple[Slicer, ...]:
    """Take one slicer, several, or none, as a tuple.

    Args:
        slice_by: What the caller gave.
    """
    if slice_by is None:
        return ()
    return (slice_by,) if isinstance(slice_by, str) or callable(slice_by) else tuple(slice_by)
