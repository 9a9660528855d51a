"""Smallest gain in accuracy that a test set shows, before any money is spent.

Two models answer the same n pairs. Their difference in accuracy has the variance v0 + v1 - 2 r sqrt(v0 v1) over n,
where v = p (1 - p) for a model that is right with probability p, and r is the correlation between the two being right
on the same pair (Miller, "Adding Error Bars to Evals", arXiv:2411.00640, 2024). Pairs of one image are alike, so the
variance grows by the design effect 1 + (m - 1) icc, where m is the sum of squared cluster sizes over the sum of sizes
(Kish, "Survey Sampling", 1965; for clusters of unequal size Eldridge, Ashby and Kerry, Int. J. Epidemiology 35:1292,
2006).

A gain d is found with the wanted power where n d exceeds the sum of z(1 - alpha/2) standard errors under the null
hypothesis, which are those of the discordant pairs, of z(power) standard errors under the gain (Connor, Biometrics
43:207, 1987), and of a continuity correction, as exact tests need it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Annotated

import numpy as np
from pydantic import Field, PositiveInt

from vqaft.data.example import VQAExample
from vqaft.data.image_table import ImageTable
from vqaft.data.splits.groups import GroupBy, group_examples
from vqaft.errors import DataError
from vqaft.notebook import card, heading, table
from vqaft.typed import typed, typed_call

MIN_CLUSTERS = 50
"""Below this number of images, simulated power strays too far from what the formula says."""
MIN_EFFECTIVE = 30
"""The same where the images are uneven: the number of even images that weigh as much as they do (Kish)."""
CONTINUITY = 1.0
"""Wins that the tests ask for beyond their standard errors."""
MAX_PAIRS = 10**9
_SHOWN_GAINS = (0.1, 0.05, 0.02)
RANGES = {"icc": (0, 1), "correlation": (-1, 1), "spread": (0, 1)}


@dataclass(frozen=True, kw_only=True)
@typed
class Power:
    """What a test set can show.

    Attributes:
        pairs: Its pairs.
        clusters: Its images, or groups of images where groups are named.
        cluster_size: The mean size of a pair's own cluster.
        accuracy: The accuracy that the base model is expected to have.
        icc: How alike the differences of one cluster are: 0 not at all, 1 wholly (all won or all lost together).
        correlation: How much the two models, the tuned one better by the gain, are right on the same pairs: 0 as by
            chance, 1 as far as can be.
        spread: Variance of the scores relative to that of right-or-wrong ones, 0 to 1.
        alpha: The probability of seeing a gain where there is none.
        power: The probability of seeing a gain that is there.

    Raises:
        DataError: If a value lies outside its range.
    """

    pairs: PositiveInt
    clusters: PositiveInt
    cluster_size: Annotated[float, Field(ge=1)]
    accuracy: float = 0.5
    icc: float = 0.1
    correlation: float = 0.0
    spread: float = 1.0
    alpha: float = 0.05
    power: float = 0.8

    def __post_init__(self) -> None:
        for name in ("accuracy", "icc", "correlation", "spread", "alpha", "power"):
            value, (low, high) = getattr(self, name), RANGES.get(name, (0, 1))
            inside = low <= value <= high if name in RANGES else low < value < high
            if not inside:
                raise DataError(f"{name} is {value}, not a share between {low} and {high}")

    @property
    def design_effect(self) -> float:
        """By how much clustering inflates the variance, at least 1."""
        return 1 + (self.cluster_size - 1) * self.icc

    @property
    def too_few(self) -> bool:
        """Whether there are too few images to say which gain they show: under 50, or of a weight below 30 even ones."""
        return self.clusters < self._least_clusters

    @property
    def _least_clusters(self) -> int:
        even = self.clusters * self.cluster_size / self.pairs  # images for each even one
        return max(MIN_CLUSTERS, math.ceil(MIN_EFFECTIVE * even - 1e-9))

    @property
    def detectable_gain(self) -> float | None:
        """The smallest gain in accuracy, from 0 to 1, that is seen with the wanted power.

        None where there are too few images, or where even a perfect model's gain is not seen that often.
        """
        left = 1 - self.accuracy
        if self.too_few or self._surplus(left, self.pairs) < 0:
            return None
        low, high = 0.0, left
        while high - low > 1e-9:  # noqa: PLR2004 - far below a hundredth of a point
            middle = (low + high) / 2
            low, high = (middle, high) if self._surplus(middle, self.pairs) < 0 else (low, middle)
        return high

    def pairs_for(self, gain: float) -> int:
        """Compute how many pairs, clustered like these, show a gain.

        Args:
            gain: The gain in accuracy, above 0 and up to 1 minus the accuracy.

        Raises:
            DataError: If it is not such a gain.
        """
        if not 0 < gain <= 1 - self.accuracy:
            raise DataError(f"the gain {gain} is not above 0 and at most {1 - self.accuracy:.3g}, which is left")
        low, high = 0, MAX_PAIRS
        while high - low > 1:
            middle = (low + high) // 2
            enough = self._surplus(gain, middle) >= 0
            low, high = (low, middle) if enough else (middle, high)
        return high

    def clusters_for(self, gain: float) -> int:
        """Compute how many images (or groups), with as many pairs each as these, show a gain.

        Args:
            gain: The gain in accuracy, above 0 and up to 1 minus the accuracy.

        Raises:
            DataError: If it is not such a gain.
        """
        return max(self._least_clusters, math.ceil(self.pairs_for(gain) * self.clusters / self.pairs))

    def __str__(self) -> str:
        if self.too_few:
            return f"{self.clusters} images are too few to say which gain they show; {self._least_clusters} are needed"
        given = f"base accuracy {self.accuracy:.0%}, design effect {self.design_effect:.2f}"
        gain = self.detectable_gain
        if gain is None:
            return (
                f"{self.pairs} pairs of {self.clusters} images show no gain with a power of {self.power:.0%}, not even "
                f"that of a perfect model ({given})"
            )
        return (
            f"{self.pairs} pairs of {self.clusters} images show a gain of {100 * gain:.1f} points with a power of "
            f"{self.power:.0%} ({given}); a smaller one is missed more often; half of that gain needs "
            f"{self.clusters_for(gain / 2)} images"
        )

    def _repr_html_(self) -> str:
        gains = [gain for gain in _SHOWN_GAINS if gain <= 1 - self.accuracy]
        rows = [(f"{100 * gain:.0f} points", self.clusters_for(gain), self.pairs_for(gain)) for gain in gains]
        return card([], [heading(self), table(("to show a gain of", "images", "pairs"), rows)])

    def _surplus(self, gain: float, pairs: int) -> float:
        better, left = self.accuracy + gain, max(0.0, 1 - self.accuracy - gain)
        before, after = self.accuracy * (1 - self.accuracy), better * left
        attainable = math.sqrt(self.accuracy * left / (better * (1 - self.accuracy)))  # were nothing lost
        shared = min(self.correlation, attainable) * math.sqrt(before * after)
        noise = self.spread * (before + after - 2 * shared)
        alternative = pairs * self.design_effect * noise
        null = alternative + gain**2 * pairs * self.cluster_size
        normal = NormalDist()
        # A sample that is just significant has fewer wins than expected, and with them fewer discordant pairs.
        falling = gain / (noise + gain**2)
        square = normal.inv_cdf(1 - self.alpha / 2) ** 2
        left = max(0.0, null - falling * (pairs * gain - CONTINUITY))
        critical = (square * falling + math.sqrt(square * falling * square * falling + 4 * square * left)) / 2
        return pairs * gain - CONTINUITY - critical - normal.inv_cdf(self.power) * math.sqrt(alternative)


@typed_call
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
    """Compute which gain a test set can show.

    The defaults are careful assumptions where nothing is known yet: an accuracy of one half has the largest variance,
    and two models that are right independently of each other are the hardest to compare. A model and its fine-tuned
    child usually agree more, so that smaller gains show. Measure `icc` on the base model's answers where you have them.

    Args:
        examples: The test set.
        group_by: What else makes a cluster beside the image, as for `DatasetSplitter`.
        accuracy: See `Power`; so are the others.
        icc: The likeness of pairs of one cluster, 0 to 1.
        correlation: The agreement of the two models, -1 to 1.
        alpha: The probability of a false alarm.
        power: The probability of seeing a true gain.

    Raises:
        DataError: If there are no examples, or a value lies outside its range.
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
