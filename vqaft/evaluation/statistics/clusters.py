"""Rows that share their luck: questions about one image."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


def cluster_codes(groups: Iterable[Hashable]) -> NDArray[np.intp]:
    """Number the groups from 0 in the order in which they are first seen.

    Args:
        groups: The group of every row.
    """
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(group, len(known)) for group in groups], dtype=np.intp)


@dataclass(frozen=True, kw_only=True)
class ClusterSums:
    """The rows added up cluster by cluster: all that a clustered mean needs.

    Attributes:
        sums: The sum of each cluster's values.
        sizes: The number of each cluster's rows, at least 1.
    """

    sums: NDArray[np.float64]
    sizes: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """The mean over all rows."""
        return float(self.sums.sum() / self.sizes.sum())

    @property
    def single(self) -> bool:
        """Whether every cluster has one row only."""
        return bool((self.sizes == 1).all())


def cluster_sums(values: NDArray[np.float64], codes: NDArray[np.intp]) -> ClusterSums:
    """Add up rows cluster by cluster.

    Args:
        values: The values of the rows.
        codes: The rows' clusters, as whole numbers of 0 or more; numbers that do not occur are passed over.
    """
    sizes = np.bincount(codes)
    used = sizes > 0
    sums: NDArray[np.float64] = np.bincount(codes, weights=values).astype(np.float64, copy=False)
    return ClusterSums(sums=sums[used], sizes=sizes[used].astype(np.float64))
