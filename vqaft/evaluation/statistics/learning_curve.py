"""How the error falls with more training data."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

USUAL_EXPONENTS = (0.07, 0.35)
"""The range of exponents that J. Hestness et al., "Deep learning scaling is predictable, empirically" (2017), saw."""


@dataclass(frozen=True, kw_only=True)
class LearningCurve:
    """The error as a power of the number of training examples: error(n) is proportional to n to the minus exponent.

    Attributes:
        low: The smallest exponent that is plausible.
        middle: The best guess.
        high: The largest.
        fitted: Whether it comes from the user's own runs, rather than from the literature.
    """

    low: float
    middle: float
    high: float
    fitted: bool

    def error(self, error: float, *, now: float, then: float) -> tuple[float, float, float]:
        """Foretell the error with more data.

        Args:
            error: The error now.
            now: Training examples now, above 0.
            then: Training examples then.

        Returns:
            The error by the best guess, the lowest and the highest plausible one.
        """
        ratio = then / now
        middle, lowest, highest = (error * ratio**-power for power in (self.middle, self.high, self.low))
        return middle, lowest, highest


def usual_curve() -> LearningCurve:
    """Give the range of the literature, for users with one training run."""
    low, high = USUAL_EXPONENTS
    return LearningCurve(low=low, middle=(low * high) ** 0.5, high=high, fitted=False)


def fit_curve(sizes: NDArray[np.float64], wrong: NDArray[np.float64], *, resamples: int, seed: int) -> LearningCurve:
    """Fit the exponent to runs on subsets of the training data.

    Least squares of the logarithms; its range is that of the middle 95 % of resamples of whole clusters.

    Args:
        sizes: Training examples of each run, three different numbers at least.
        wrong: The errors: a row a run, a column a cluster of test examples, each the sum of 1 minus the score.
        resamples: How many resamples.
        seed: Seed of the resampling.
    """
    m = wrong.shape[1]
    drawn = np.random.default_rng(seed).multinomial(m, np.full(m, 1 / m), size=resamples)
    totals = np.vstack([wrong.sum(axis=1), drawn @ wrong.T])
    logs = np.log(np.maximum(totals, 0.5))  # half an error where none is left keeps the logarithm finite
    x = np.log(sizes) - np.log(sizes).mean()
    slopes = -(logs - logs.mean(axis=1, keepdims=True)) @ x / (x @ x)
    low, high = np.quantile(slopes[1:], [0.025, 0.975])
    return LearningCurve(low=float(low), middle=float(slopes[0]), high=float(high), fitted=True)
