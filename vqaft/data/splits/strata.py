"""What a split keeps in balance: the kinds, types and answers of the questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqaft.data.example import VQAExample
from vqaft.data.kinds import question_kind


@dataclass(frozen=True, kw_only=True)
class Strata:
    """How many examples of each stratum each group holds, as a sparse table.

    Attributes:
        totals: The examples of each stratum.
        rarity: For each group, the size of its rarest stratum.
        starts: Where each group's entries start; one more than there are groups.
        ids: The stratum of each entry.
        counts: The examples of each entry.
    """

    totals: NDArray[np.float64]
    rarity: NDArray[np.float64]
    starts: NDArray[np.intp]
    ids: NDArray[np.intp]
    counts: NDArray[np.float64]

    def of_group(self, group: int) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Give the strata of a group and how many examples it holds of each."""
        entries = slice(self.starts[group], self.starts[group + 1])
        return self.ids[entries], self.counts[entries]

    @classmethod
    def of(cls, examples: Sequence[VQAExample], groups: NDArray[np.int32], count: int) -> Strata:
        """Count the strata of each group.

        Answers that only one group has cannot be balanced and are left out.

        Args:
            examples: The examples.
            groups: The group of each example; below 0 for examples that do not count.
            count: How many groups there are.
        """
        numbers: dict[tuple[str, str], int] = {}
        entries = (
            (group << 32) + numbers.setdefault(stratum, len(numbers))
            for example, group in zip(examples, groups.tolist(), strict=True)
            if group >= 0
            for stratum in _strata(example)
        )
        cells, counts = np.unique(np.fromiter(entries, dtype=np.int64), return_counts=True)
        group, stratum = cells >> 32, cells & 0xFFFFFFFF
        shared = np.bincount(stratum, minlength=len(numbers))[stratum] > 1
        group, stratum, counts = group[shared], stratum[shared], counts[shared]
        totals = np.bincount(stratum, weights=counts, minlength=len(numbers))
        starts = np.searchsorted(group, np.arange(count + 1))
        rarity = np.full(count, np.inf)
        np.minimum.at(rarity, group, totals[stratum])
        return cls(
            totals=totals.astype(np.float64),
            rarity=rarity,
            starts=starts,
            ids=stratum,
            counts=counts.astype(np.float64),
        )


def _strata(example: VQAExample) -> Iterator[tuple[str, str]]:
    yield "", ""  # every example counts for the size of its part
    yield "type", example.question_type or ""
    if example.kind or example.answers:
        yield "kind", question_kind(example)
    if example.answers:
        yield "answer", example.answer.casefold()
