"""Wilson's interval of a share."""

from __future__ import annotations

import math

from vqaft.evaluation.interval import Interval


def wilson_interval(successes: float, n: float, *, level: float = 0.95, method: str = "Wilson") -> Interval:
    """Give the score interval of a binomial share, without continuity correction.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).

    Args:
        successes: How many were right, 0 to `n`.
        n: How many there were, above 0. Neither has to be whole: an effective sample size is not.
        level: The confidence level, 0 to 1.
        method: How to name it.
    """
    from scipy.special import ndtri

    z = float(ndtri((1 + level) / 2))
    share = successes / n
    scale = 1 + z * z / n
    centre = (share + z * z / (2 * n)) / scale
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / scale
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return Interval(low=low, high=high, level=level, method=method)
