"""Means of an evaluation with intervals, slice by slice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeInt

from vqaft.evaluation.rows import ALL, ScoredRow, Slicer, slice_rows, slicer_name
from vqaft.evaluation.statistics.clustered_mean import mean_interval
from vqaft.evaluation.statistics.clusters import cluster_codes
from vqaft.evaluation.statistics.interval import Estimate
from vqaft.evaluation.tables import Table, data_frame, percent, percent_range
from vqaft.typed import Confidence, typed


@dataclass(frozen=True, kw_only=True)
@typed
class SliceMean:
    """One scorer's mean over one slice.

    Attributes:
        scorer: The scorer's name.
        slice_by: What the data were sliced by; "all" for everything.
        value: The slice.
        n: Answers that were scored; the mean is over these.
        failed: Examples without a score: no answer, or the scorer failed on it.
        clusters: Groups (images) that the scored answers belong to.
        mean: The mean with its interval, clustered by group.
        counted_wrong: The mean over all examples that were asked, with what has no score counted as wrong.
    """

    scorer: str
    slice_by: str
    value: str
    n: NonNegativeInt
    failed: NonNegativeInt
    clusters: NonNegativeInt
    mean: Estimate
    counted_wrong: Estimate


@dataclass(frozen=True)
@typed
class Summary(Sequence[SliceMean]):
    """The table of an evaluation's means.

    Attributes:
        means: The rows of the table.
        title: What it is of.
    """

    means: tuple[SliceMean, ...]
    title: str = ""

    @overload
    def __getitem__(self, index: int) -> SliceMean: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[SliceMean, ...]: ...
    def __getitem__(self, index: int | slice) -> SliceMean | tuple[SliceMean, ...]:
        return self.means[index]

    def __len__(self) -> int:
        return len(self.means)

    def __iter__(self) -> Iterator[SliceMean]:
        return iter(self.means)

    def table(self) -> Table:
        """Return the means as a table."""
        columns = ("scorer", "slice", ">n", ">failed", ">mean", ">interval", ">failed as wrong")
        return Table(columns=columns, rows=[_cells(mean) for mean in self.means], title=self.title)

    def to_pandas(self) -> Any:
        """Return the means as a data frame, a row a mean.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        return data_frame([_flat(mean) for mean in self.means])

    def __str__(self) -> str:
        return self.table().text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table().html()


def _cells(mean: SliceMean) -> tuple[str, ...]:
    interval, wrong = percent_range(mean.mean.interval), percent(mean.counted_wrong.value)
    return mean.scorer, mean.value, str(mean.n), str(mean.failed), percent(mean.mean.value), interval, wrong


def _flat(mean: SliceMean) -> dict[str, Any]:
    interval = mean.mean.interval
    facts = asdict(mean) | {"mean": mean.mean.value, "counted_wrong": mean.counted_wrong.value}
    return facts | {"low": interval and interval.low, "high": interval and interval.high}


def summarise(
    rows: Sequence[ScoredRow],
    scorers: Sequence[str],
    *,
    slicers: Sequence[Slicer] = (),
    confidence: Confidence = 0.95,
    title: str = "",
) -> Summary:
    """Average every scorer over everything and over every slice.

    Args:
        rows: The scored rows.
        scorers: The scorers' names.
        slicers: What to slice by, besides "all".
        confidence: The confidence level of the intervals.
        title: The table's title.
    """
    parts = [
        (slicer_name(slicer), value, np.array(members, dtype=np.intp))
        for slicer in (ALL, *slicers)
        for value, members in slice_rows(rows, slicer).items()
    ]
    codes = cluster_codes([row.group for row in rows])
    asked = np.array([row.status != "missing" for row in rows], dtype=np.bool_)
    means = []
    for scorer in scorers:
        values = score_values(rows, scorer)
        for slice_by, value, members in parts:
            own, own_codes = values[members], codes[members]
            scored = ~np.isnan(own)
            means.append(
                SliceMean(
                    scorer=scorer,
                    slice_by=slice_by,
                    value=value,
                    n=int(scored.sum()),
                    failed=int((~scored).sum()),
                    clusters=len(np.unique(own_codes[scored])),
                    mean=_mean(own[scored], own_codes[scored], confidence),
                    counted_wrong=_mean(np.nan_to_num(own[asked[members]]), own_codes[asked[members]], confidence),
                )
            )
    return Summary(tuple(means), title)


def score_values(rows: Sequence[ScoredRow], scorer: str) -> NDArray[np.float64]:
    """Return one scorer's values as an array, NaN where there is no score.

    Args:
        rows: The scored rows.
        scorer: The scorer's name.
    """
    return np.array([np.nan if (value := row.value(scorer)) is None else value for row in rows], dtype=np.float64)


def _mean(values: NDArray[np.float64], codes: NDArray[np.intp], confidence: float) -> Estimate:
    if not len(values):
        return Estimate(value=None)
    return Estimate(value=float(values.mean()), interval=mean_interval(values, codes, confidence=confidence))
