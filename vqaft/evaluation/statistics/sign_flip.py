"""A paired test that keeps clusters whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DENOMINATORS = (1, 2, 3, 4, 5, 6, 10, 12, 30, 60)
TOLERANCE = 1e-9
LARGEST = 200_000
NOTHING = 1e-30


def whole_steps(sums: NDArray[np.float64]) -> NDArray[np.int64] | None:
    """Write numbers as whole multiples of one step.

    Args:
        sums: Sums of differences of scores; scores with levels, e.g. thirds, lie on a grid.

    Returns:
        The multiples; None where no step among the usual fractions fits, or the multiples grow too large for
        `sign_flip_exact`.
    """
    for denominator in DENOMINATORS:
        scaled = sums * denominator
        steps = np.rint(scaled)
        if np.abs(scaled - steps).max(initial=0.0) < TOLERANCE:
            return steps.astype(np.int64) if np.abs(steps).sum() <= LARGEST else None
    return None


def sign_flip_exact(steps: NDArray[np.int64]) -> float:
    """Test whether two models do equally well, by turning the sign of whole clusters.

    Where the models do not differ, base and tuned could be swapped within any cluster: its sum of differences is as
    likely positive as negative. The p-value is the share of all sign patterns whose total is as far from zero as the
    one seen; computed in full, not sampled. With right-or-wrong scores and clusters of one row it is McNemar's exact
    test. R. A. Fisher, "The Design of Experiments" (1935), section 21.

    Args:
        steps: The sum of differences (tuned minus base) of each cluster, in whole steps.

    Returns:
        The two-sided p-value; 1 where all sums are 0, and 0 where it is below about 1e-25.
    """
    from scipy.special import gammaln

    sizes, counts = np.unique(np.abs(steps[steps != 0]), return_counts=True)
    chances = np.ones(1)
    for size, count in zip(sizes.tolist(), counts.tolist(), strict=True):
        heads = np.arange(count + 1)
        binomial = np.exp(gammaln(count + 1) - gammaln(heads + 1) - gammaln(count - heads + 1) - count * np.log(2.0))
        spread = np.zeros(2 * size * count + 1)
        spread[:: 2 * size] = binomial
        chances = np.convolve(chances, _trimmed(spread))
    centre = len(chances) // 2
    seen = abs(int(steps.sum()))
    if seen == 0:
        return 1.0
    return min(1.0, 2 * float(chances[centre + seen :].sum()))


def _trimmed(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    # Both ends alike, so that the middle stays the middle.
    outside = int(np.argmax(chances > NOTHING))
    return chances[outside : len(chances) - outside]
