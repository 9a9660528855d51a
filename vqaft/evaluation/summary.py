"""Means of an evaluation, slice by slice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, overload

from vqaft.evaluation.figures import percent, percent_range
from vqaft.evaluation.frame import data_frame
from vqaft.evaluation.interval import Estimate
from vqaft.evaluation.table import Table


@dataclass(frozen=True, kw_only=True)
class SliceMean:
    """One scorer's mean over one slice.

    Attributes:
        scorer: The scorer's name.
        by: What the data were sliced by; "all" for everything.
        value: The slice.
        n: Answers that were scored; the mean is over these.
        failed: Examples without a score: no answer, or the scorer failed on it.
        clusters: Groups (images) that the scored answers belong to.
        mean: The mean with its interval, clustered by group.
    """

    scorer: str
    by: str
    value: str
    n: int
    failed: int
    clusters: int
    mean: Estimate


@dataclass(frozen=True)
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
        """Give the means as a table."""
        columns = ("scorer", "slice", ">n", ">failed", ">mean", ">interval")
        return Table(columns=columns, rows=[_cells(mean) for mean in self.means], title=self.title)

    def to_pandas(self) -> Any:
        """Give the means as a data frame, a row a mean.

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
    interval = percent_range(mean.mean.interval)
    return mean.scorer, mean.value, str(mean.n), str(mean.failed), percent(mean.mean.value), interval


def _flat(mean: SliceMean) -> dict[str, Any]:
    interval = mean.mean.interval
    facts = asdict(mean) | {"mean": mean.mean.value}
    return facts | {"low": interval and interval.low, "high": interval and interval.high}
