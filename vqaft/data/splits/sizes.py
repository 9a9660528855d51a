"""How large the parts shall be."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqaft.errors import SplitError

PARTS = ("train", "validation", "test")
UNUSED = len(PARTS)
"""The number of what no part needs, after the parts' own numbers 0, 1, 2."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Counts, or fractions of the data.

    Attributes:
        train: What to train on.
        validation: What to watch training on.
        test: What to judge by.

    Raises:
        SplitError: If a size is negative, all are 0, counts and fractions are mixed, or fractions make more than 1.
    """

    train: int | float
    validation: int | float
    test: int | float

    def __post_init__(self) -> None:
        sizes = (self.train, self.validation, self.test)
        text = f"train={self.train}, validation={self.validation}, test={self.test}"
        if not all(size >= 0 for size in sizes) or not sum(sizes):
            raise SplitError(f"{text} are no sizes", hint="Give counts, or fractions that make at most 1.0.")
        kinds = {type(size) for size in sizes if size}
        if len(kinds) > 1:
            raise SplitError(f"{text} mix counts and fractions", hint="Give all as counts, or all as fractions.")
        if self.are_fractions and sum(sizes) > 1 + 1e-9:
            raise SplitError(f"the fractions {text} make {sum(sizes):g}, more than 1")

    @property
    def are_fractions(self) -> bool:
        """Whether the sizes are fractions of the data."""
        return any(isinstance(size, float) and size for size in (self.train, self.validation, self.test))

    @property
    def shares(self) -> NDArray[np.float64]:
        """The shares of the three parts and of what stays unused, as far as the sizes alone say."""
        sizes = np.array([self.train, self.validation, self.test], dtype=np.float64)
        shares = sizes if self.are_fractions else sizes / sizes.sum()
        rest = max(0.0, 1.0 - shares.sum())
        return np.append(shares, rest if rest > 1e-9 else 0.0)  # noqa: PLR2004 - what rounding leaves

    def counts(self, total: int) -> NDArray[np.int64]:
        """Turn the sizes into counts; the last is what stays unused.

        Args:
            total: How much there is.

        Returns:
            Four counts that make the total; they are below 0 where there is too little.
        """
        if self.are_fractions:
            bounds = np.rint(np.cumsum(self.shares) * total).astype(np.int64)
            return np.diff(bounds, prepend=0)
        counts = [int(self.train), int(self.validation), int(self.test)]
        return np.array([*counts, total - sum(counts)], dtype=np.int64)
