"""The tables of a comparison."""

from __future__ import annotations

from collections.abc import Iterable

from vqaft.evaluation.figures import p_text, percent, percent_range, points, points_range
from vqaft.evaluation.ratings import RatingDistribution
from vqaft.evaluation.slice_comparison import SliceComparison
from vqaft.evaluation.table import Table

COLUMNS = (
    "scorer",
    "slice",
    ">n",
    ">missing",
    ">base",
    ">interval",
    ">tuned",
    ">interval",
    ">points",
    ">interval",
    ">p",
    "result",
)


def figures_table(slices: Iterable[SliceComparison], *, title: str = "") -> Table:
    """Lay out means, differences and tests, a row for each scorer and slice.

    Args:
        slices: What to lay out.
        title: The table's title.
    """
    return Table(columns=COLUMNS, rows=[_cells(part) for part in slices], title=title)


def ratings_table(ratings: RatingDistribution) -> Table:
    """Lay out how often each level was given.

    Args:
        ratings: The counts.
    """
    totals = sum(ratings.base) or 1, sum(ratings.tuned) or 1
    rows = [
        (level, str(before), percent(before / totals[0]), str(after), percent(after / totals[1]))
        for level, before, after in zip(ratings.levels, ratings.base, ratings.tuned, strict=True)
    ]
    columns = (f"rating ({ratings.scorer})", ">base", ">share", ">tuned", ">share")
    return Table(columns=columns, rows=rows)


def _cells(part: SliceComparison) -> tuple[str, ...]:
    return (
        part.scorer,
        part.value,
        str(part.n),
        f"{part.missing.base_missing}/{part.missing.tuned_missing}",
        percent(part.base.value),
        percent_range(part.base.interval),
        percent(part.tuned.value),
        percent_range(part.tuned.interval),
        points(part.difference.value),
        points_range(part.difference.interval),
        p_text(part.test.p_adjusted if part.test else None),
        str(part.verdict),
    )
