"""From scored rows to means with intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vqaft.evaluation.interval import Estimate
from vqaft.evaluation.scored_row import ScoredRow
from vqaft.evaluation.slices import ALL, Slicer, slice_rows, slicer_name
from vqaft.evaluation.statistics.clusters import cluster_codes
from vqaft.evaluation.statistics.mean import mean_interval
from vqaft.evaluation.summary import SliceMean, Summary


def summarise(
    rows: Sequence[ScoredRow],
    scorers: Sequence[str],
    *,
    slicers: Sequence[Slicer] = (),
    level: float = 0.95,
    title: str = "",
) -> Summary:
    """Average every scorer over everything and over every slice.

    Args:
        rows: The scored rows.
        scorers: The scorers' names.
        slicers: What to slice by, besides "all".
        level: The confidence level of the intervals.
        title: The table's title.
    """
    parts = [
        (slicer_name(slicer), value, np.array(members, dtype=np.intp))
        for slicer in (ALL, *slicers)
        for value, members in slice_rows(rows, slicer).items()
    ]
    codes = cluster_codes([row.group for row in rows])
    means = []
    for scorer in scorers:
        values = score_values(rows, scorer)
        for by, value, members in parts:
            one = _slice_mean(values[members], codes[members], level=level)
            means.append(
                SliceMean(
                    scorer=scorer,
                    by=by,
                    value=value,
                    n=one[0],
                    failed=len(members) - one[0],
                    clusters=one[1],
                    mean=one[2],
                )
            )
    return Summary(tuple(means), title)


def score_values(rows: Sequence[ScoredRow], scorer: str) -> NDArray[np.float64]:
    """Give one scorer's values as an array, NaN where there is no score.

    Args:
        rows: The scored rows.
        scorer: The scorer's name.
    """
    return np.array([np.nan if (value := row.value(scorer)) is None else value for row in rows], dtype=np.float64)


def _slice_mean(values: NDArray[np.float64], codes: NDArray[np.intp], *, level: float) -> tuple[int, int, Estimate]:
    scored = ~np.isnan(values)
    values, codes = values[scored], codes[scored]
    if not len(values):
        return 0, 0, Estimate(value=None)
    estimate = Estimate(value=float(values.mean()), interval=mean_interval(values, codes, level=level))
    return len(values), len(np.unique(codes)), estimate
