"""Where more training data would help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vqaft.evaluation.figures import estimate_text, points
from vqaft.evaluation.frame import data_frame
from vqaft.evaluation.interval import Estimate
from vqaft.evaluation.table import Table, paragraph

SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class SliceNeed:
    """What a slice would gain from more training data.

    Attributes:
        value: The slice.
        n: Scored test examples of the slice.
        trained: Training examples of the slice.
        error: Mean of 1 minus the score, with its interval.
        unseen: Wrongly answered test examples whose true answer no training example has.
        add: How many training examples to add here.
        gain: What adding them brings to the overall score, as a share of 1, with its plausible range.
    """

    value: str
    n: int
    trained: int
    error: Estimate
    unseen: int
    add: int
    gain: Estimate


@dataclass(frozen=True, kw_only=True)
class DataPlan:
    """What `suggest_data` gives.

    Attributes:
        slices: The slices, those that get most first.
        gain: What the whole plan brings to the overall score.
        unseen_answers: True answers that no training example has, and how often they were missed; most often first.
        candidates: Ids of pool examples worth labelling first: near-duplicates of failures, weightiest first.
        fitted: Whether the gains come from the user's own runs, rather than from the literature's range.
    """

    slices: tuple[SliceNeed, ...]
    gain: Estimate
    unseen_answers: Mapping[str, int] = field(default_factory=dict)
    candidates: tuple[str, ...] = ()
    fitted: bool = False

    @property
    def words(self) -> str:
        """The plan in sentences."""
        total = sum(need.add for need in self.slices)
        source = "your own runs" if self.fitted else "what is usual in the literature, not your data"
        first = f"Adding {total} examples as above should bring {_gain(self.gain)} points, by {source}."
        if not self.unseen_answers:
            return first
        shown = ", ".join(f"{answer!r} ({count})" for answer, count in list(self.unseen_answers.items())[:SHOWN])
        return f"{first} Missed answers that no training example has: {shown}."

    def table(self) -> Table:
        """Give the slices as a table."""
        columns = ("slice", ">tested", ">trained", ">error", ">unseen answers", ">add", ">points gained")
        return Table(columns=columns, rows=[_cells(need) for need in self.slices])

    def to_pandas(self) -> Any:
        """Give the slices as a data frame.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        return data_frame([_flat(need) for need in self.slices])

    def __str__(self) -> str:
        return f"{self.table().text()}\n\n{self.words}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table().html() + paragraph(self.words)


def _gain(gain: Estimate) -> str:
    ends = gain.interval
    reach = f" ({points(ends.low)} to {points(ends.high)})" if ends else ""
    return f"{points(gain.value)}{reach}"


def _cells(need: SliceNeed) -> tuple[str, ...]:
    counts = str(need.n), str(need.trained), estimate_text(need.error), str(need.unseen), str(need.add)
    return need.value, *counts, _gain(need.gain)


def _flat(need: SliceNeed) -> dict[str, Any]:
    counts = {name: getattr(need, name) for name in ("value", "n", "trained", "unseen", "add")}
    return counts | {"error": need.error.value, "gain": need.gain.value}
