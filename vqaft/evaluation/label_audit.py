"""Labels that may be wrong, and how far they keep every model down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

from vqaft.errors import EvaluationError
from vqaft.evaluation.figures import percent, percent_range
from vqaft.evaluation.frame import data_frame
from vqaft.evaluation.interval import Estimate, Interval
from vqaft.evaluation.paired_row import PairedRow
from vqaft.evaluation.statistics.wilson import wilson_interval
from vqaft.evaluation.table import Table

SHOWN = 20


@dataclass(frozen=True, kw_only=True)
class LabelDoubt:
    """An example whose label may be wrong.

    Attributes:
        row: The example with both answers.
        weight: How much speaks against the label; the higher, the sooner to look at.
        evidence: What speaks against it, in sentences.
    """

    row: PairedRow
    weight: float
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class LabelAudit(Sequence[LabelDoubt]):
    """What `audit_labels` gives: the doubts, weightiest first.

    Attributes:
        doubts: The doubts.
        n: Examples that were looked at.
        contradictions: Examples whose label contradicts another one's on the same picture and question.
    """

    doubts: tuple[LabelDoubt, ...]
    n: int
    contradictions: int = 0

    @overload
    def __getitem__(self, index: int) -> LabelDoubt: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[LabelDoubt, ...]: ...
    def __getitem__(self, index: int | slice) -> LabelDoubt | tuple[LabelDoubt, ...]:
        return self.doubts[index]

    def __len__(self) -> int:
        return len(self.doubts)

    def __iter__(self) -> Iterator[LabelDoubt]:
        return iter(self.doubts)

    @property
    def ceiling_bounds(self) -> tuple[float, float]:
        """Between what shares the accuracy of a perfect model lies.

        The lower bound takes every doubt for a wrong label. The upper one takes only what is sure: of labels that
        contradict each other, one at least is wrong.
        """
        return 1 - len(self.doubts) / self.n, 1 - self.contradictions / self.n

    def ceiling(self, checked: Mapping[str, bool], *, level: float = 0.95) -> Estimate:
        """Estimate what a perfect model could score, from doubts that a person has looked at.

        Labels without a doubt are taken as right, so the estimate is on the high side.

        Args:
            checked: Whether the label is wrong, by example id; a random part of the doubts, or all of them.
            level: The confidence level of the interval, 0 to 1.

        Raises:
            EvaluationError: If nothing was checked, or an id is not among the doubts.
        """
        known = {doubt.row.example_id for doubt in self.doubts}
        if not checked:
            raise EvaluationError("no label was checked")
        if stray := checked.keys() - known:
            raise EvaluationError("the example is not among the doubts", example_id=min(stray))
        share, wrong = len(self.doubts) / self.n, sum(checked.values())
        found = wilson_interval(wrong, len(checked), level=level)
        ends = Interval(low=1 - share * found.high, high=1 - share * found.low, level=level, method="Wilson")
        return Estimate(value=1 - share * wrong / len(checked), interval=ends)

    def table(self) -> Table:
        """Give the weightiest doubts as a table."""
        columns = ("example", ">weight", "question", "label", "base", "tuned", "evidence")
        return Table(columns=columns, rows=[_cells(doubt) for doubt in self.doubts[:SHOWN]])

    def to_pandas(self) -> Any:
        """Give all doubts as a data frame.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        columns = self.table().columns
        return data_frame([dict(zip(columns, _cells(doubt), strict=True)) for doubt in self.doubts])

    def __str__(self) -> str:
        low, high = self.ceiling_bounds
        words = (
            f"{len(self.doubts)} of {self.n} labels are in doubt. If all of them were wrong, a perfect model would "
            f"score {percent(low)} by these labels; by what is sure, {percent(high)} at most."
        )
        return f"{self.table().text()}\n\n{words}" if self.doubts else words

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table().html()


def ceiling_text(estimate: Estimate) -> str:
    """Say the ceiling in a sentence.

    Args:
        estimate: What `LabelAudit.ceiling` gave.
    """
    return (
        f"A perfect model would score {percent(estimate.value)} ({percent_range(estimate.interval)}) by these labels."
    )


def _cells(doubt: LabelDoubt) -> tuple[str, ...]:
    row = doubt.row
    return (
        row.example_id,
        f"{doubt.weight:.1f}",
        row.question,
        row.answers[0],
        row.base.answer or "–",
        row.tuned.answer or "–",
        " ".join(doubt.evidence),
    )
