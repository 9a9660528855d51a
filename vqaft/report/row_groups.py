"""The rows of a comparison, what changed first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import PositiveInt

from vqaft.evaluation import Comparison, Outcome, PairedRow
from vqaft.typed import typed

MEANINGS = {
    Outcome.WON: "the tuned model scores higher",
    Outcome.LOST: "the tuned model scores lower",
    Outcome.BOTH_WRONG: "the same score, below one half",
    Outcome.BOTH_RIGHT: "the same score, one half or more",
    Outcome.INCOMPLETE: "at least one of the two has no score",
}
_CHANGED = frozenset({Outcome.WON, Outcome.LOST})


@dataclass(frozen=True, kw_only=True)
@typed
class PageBudget:
    """How much a report may hold, so that people can open it: rows and pictures are bounded, and the page says so.

    Attributes:
        max_rows: The most rows that are shown; changes come first, of the rest an even sample is shown. All rows are
            in the CSV and JSON exports.
        total_bytes: Room for all pictures together; each distinct image gets the same share of it and is as large
            as fits, but no smaller than 80 pixels.
        max_side: The longest side of a picture in pixels.
        max_workers: How many images are read concurrently.

    Raises:
        DataError: If a value is less than 1.
    """

    max_rows: PositiveInt = 2_000
    total_bytes: PositiveInt = 12_000_000
    max_side: PositiveInt = 640
    max_workers: PositiveInt = 4


@dataclass(frozen=True, kw_only=True)
class RowGroup:
    """The rows of one outcome.

    Attributes:
        outcome: The outcome of these examples.
        rows: The rows that are shown, those with the largest change first, else in the order of the comparison.
        total: How many rows have this outcome, shown or not.
    """

    outcome: Outcome
    rows: tuple[PairedRow, ...]
    total: int

    @property
    def meaning(self) -> str:
        """The outcome in words."""
        return MEANINGS[self.outcome]


def group_rows(
    comparison: Comparison, scorer: str | None = None, *, max_rows: int = PageBudget.max_rows
) -> tuple[RowGroup, ...]:
    """Group the rows by outcome: won, lost, then those that did not change.

    Args:
        comparison: The comparison.
        scorer: The name of the scorer that decides; the first one by default.
        max_rows: The most rows in all groups together. Rows that changed come first, up to four fifths of these, the
            largest changes of each outcome; of the rest, an even sample in their order.

    Returns:
        The groups that have rows.
    """
    name = comparison.overall(scorer).scorer
    flips = comparison.flips(name)

    def change(row: PairedRow) -> float:
        return abs((row.tuned.value(name) or 0.0) - (row.base.value(name) or 0.0))

    ordered = {part: sorted(flips[part], key=change, reverse=True) for part in MEANINGS if flips[part]}
    shares = _shares({part: len(rows) for part, rows in ordered.items()}, max_rows)
    return tuple(
        RowGroup(outcome=part, rows=tuple(_chosen(part, rows, shares[part])), total=len(rows))
        for part, rows in ordered.items()
    )


def by_image(rows: Sequence[PairedRow], places: Mapping[str, object]) -> tuple[tuple[PairedRow, ...], ...]:
    """Put rows about the same images together, each block at the place of its first row.

    Args:
        rows: Rows in their order.
        places: Which pictures a row has, by example id; rows without any are grouped by their cluster.
    """
    blocks: dict[tuple[bool, object], list[PairedRow]] = {}
    for row in rows:
        place = places.get(row.example_id)
        blocks.setdefault((True, place) if place else (False, row.group), []).append(row)
    return tuple(map(tuple, blocks.values()))


def _shares(counts: Mapping[Outcome, int], max_rows: int) -> dict[Outcome, int]:
    """Divide the rows of a page among the outcomes: what fits is shown whole, the rest shares alike."""
    if sum(counts.values()) <= max_rows:
        return dict(counts)
    changed = {part: count for part, count in counts.items() if part in _CHANGED}
    same = {part: count for part, count in counts.items() if part not in _CHANGED}
    room = min(sum(changed.values()), max(max_rows * 4 // 5, max_rows - sum(same.values())))
    return _filled(changed, room) | _filled(same, max_rows - room)


def _filled(counts: Mapping[Outcome, int], room: int) -> dict[Outcome, int]:
    shares: dict[Outcome, int] = {}
    for left, part in zip(range(len(counts), 0, -1), sorted(counts, key=counts.__getitem__), strict=True):
        shares[part] = min(counts[part], room // left)
        room -= shares[part]
    return shares


def _chosen(part: Outcome, rows: list[PairedRow], most: int) -> list[PairedRow]:
    if part in _CHANGED or most >= len(rows):
        return rows[:most]
    return [rows[place * len(rows) // most] for place in range(most)]
