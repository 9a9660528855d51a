"""Names of features and their columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

Features = Mapping[str, float]
"""What is known of one case: features by name; names not listed are 0."""


@dataclass(frozen=True)
class Vocabulary:
    """The features that a model has seen, in a fixed order.

    Attributes:
        names: The names, sorted.
    """

    names: tuple[str, ...]

    @classmethod
    def of(cls, groups: Iterable[Iterable[Features]], *, least: int = 1) -> Vocabulary:
        """Collect the names that occur in enough groups.

        Args:
            groups: Cases, grouped by what counts as one observation, such as an image.
            least: In how many groups a name must occur.
        """
        counts = Counter(name for group in groups for name in {name for case in group for name in case})
        return cls(tuple(sorted(name for name, count in counts.items() if count >= least)))

    @cached_property
    def columns(self) -> dict[str, int]:
        """The column of each name."""
        return {name: column for column, name in enumerate(self.names)}

    def matrix(self, cases: Sequence[Features]) -> Any:
        """Write cases as a scipy CSR matrix of float32, a row each; unknown names are left out."""
        from scipy.sparse import csr_matrix

        starts, places, values = [0], [], []
        for case in cases:
            known = [(self.columns[name], value) for name, value in case.items() if name in self.columns]
            places += [column for column, _ in known]
            values += [value for _, value in known]
            starts.append(len(places))
        data = np.array(values, dtype=np.float32), np.array(places, dtype=np.int32), np.array(starts, dtype=np.int32)
        return csr_matrix(data, shape=(len(cases), len(self.names)))
