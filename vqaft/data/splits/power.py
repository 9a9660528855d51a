"""Which gain a test set can show, before any money is spent.

Two models answer the same n pairs, and each is right with about the same probability p. Their difference in accuracy
has the variance 2 p (1 - p) (1 - r) / n, where r is the correlation between the two being right on the same pair. A
test sees a gain with the wanted power if the gain is at least z(1 - alpha/2) + z(power) standard errors (Miller,
"Adding Error Bars to Evals", arXiv:2411.00640, 2024). Pairs of one image are alike, so the variance grows by the design
effect 1 + (m - 1) icc, where m is the sum of squared cluster sizes over the sum of sizes (Kish, "Survey Sampling",
1965; for clusters of unequal size Eldridge, Ashby and Kerry, Int. J. Epidemiology 35:1292, 2006).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from vqaft.data.example import VQAExample
from vqaft.data.image_table import ImageTable
from vqaft.data.splits.groups import GroupBy, group_examples
from vqaft.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Power:
    """What a test set can show.

    Attributes:
        pairs: Its pairs.
        clusters: Its images, or groups of images where groups are named.
        cluster_size: The mean size of a pair's own cluster.
        accuracy: The accuracy that the base model is expected to have.
        icc: How alike the pairs of one cluster are: 0 not at all, 1 wholly (all right or all wrong together).
        correlation: How much the two models are right on the same pairs: 0 as by chance, 1 always.
        alpha: The probability of seeing a gain where there is none.
        power: The probability of seeing a gain that is there.
    """

    pairs: int
    clusters: int
    cluster_size: float
    accuracy: float = 0.5
    icc: float = 0.1
    correlation: float = 0.0
    alpha: float = 0.05
    power: float = 0.8

    def __post_init__(self) -> None:
        for name in ("accuracy", "icc", "correlation", "alpha", "power"):
            value = getattr(self, name)
            inside = 0 <= value <= 1 if name in {"icc", "correlation"} else 0 < value < 1
            if not inside:
                raise DataError(f"{name} is {value}, not a share between 0 and 1")

    @property
    def design_effect(self) -> float:
        """By how much clustering inflates the variance, at least 1."""
        return 1 + (self.cluster_size - 1) * self.icc

    @property
    def detectable_gain(self) -> float:
        """The smallest gain in accuracy, from 0 to 1, that is seen with the wanted power."""
        return self._errors * math.sqrt(self._variance * self.design_effect / self.pairs)

    def pairs_for(self, gain: float) -> int:
        """Say how many pairs, clustered like these, show a gain.

        Args:
            gain: The gain in accuracy, above 0 and up to 1.

        Raises:
            DataError: If it is no gain.
        """
        if not 0 < gain <= 1:
            raise DataError(f"the gain {gain} is not above 0 and at most 1")
        return math.ceil(self._variance * self.design_effect * (self._errors / gain) ** 2)

    def clusters_for(self, gain: float) -> int:
        """Say how many images (or groups), with as many pairs each as these, show a gain.

        Args:
            gain: The gain in accuracy, above 0 and up to 1.

        Raises:
            DataError: If it is no gain.
        """
        return math.ceil(self.pairs_for(gain) * self.clusters / self.pairs)

    def __str__(self) -> str:
        return (
            f"{self.pairs} pairs of {self.clusters} images show a gain of {100 * self.detectable_gain:.1f} points "
            f"or more with a power of {self.power:.0%} (base accuracy {self.accuracy:.0%}, design effect "
            f"{self.design_effect:.2f}); half of that gain needs {self.clusters_for(self.detectable_gain / 2)} images"
        )

    @property
    def _variance(self) -> float:
        return 2 * self.accuracy * (1 - self.accuracy) * (1 - self.correlation)

    @property
    def _errors(self) -> float:
        normal = NormalDist()
        return normal.inv_cdf(1 - self.alpha / 2) + normal.inv_cdf(self.power)


def power(
    examples: Iterable[VQAExample],
    *,
    group_by: GroupBy = None,
    accuracy: float = 0.5,
    icc: float = 0.1,
    correlation: float = 0.0,
    alpha: float = 0.05,
    power: float = 0.8,
) -> Power:
    """Say which gain a test set can show.

    The defaults are careful assumptions where nothing is known yet: an accuracy of one half has the largest variance,
    and two models that are right independently of each other are the hardest to compare. A model and its fine-tuned
    child usually agree more, so that smaller gains show. Measure `icc` on the base model's answers where you have them.

    Args:
        examples: The test set.
        group_by: What else makes a cluster beside the image, as for `DatasetSplitter`.
        accuracy: See `Power`; so are the others.
        icc: The likeness of pairs of one cluster, 0 to 1.
        correlation: The agreement of the two models, 0 to 1.
        alpha: The probability of a false alarm.
        power: The probability of seeing a true gain.

    Raises:
        DataError: If there are no examples, or a share is not between 0 and 1.
        ImageError: If an image is missing.
    """
    everything = tuple(examples)
    if not everything:
        raise DataError("there are no examples to test on")
    images = ImageTable.of(everything, looks=False)
    sizes = np.bincount(group_examples(everything, images, group_by=group_by).of_image[images.first])
    return Power(
        pairs=len(everything),
        clusters=len(sizes),
        cluster_size=float((sizes**2).sum() / sizes.sum()),
        accuracy=accuracy,
        icc=icc,
        correlation=correlation,
        alpha=alpha,
        power=power,
    )
