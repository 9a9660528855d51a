"""What a comparison of this size can see."""

from __future__ import annotations


def detectable_difference(standard_error: float, *, level: float = 0.95, power: float = 0.8) -> float:
    """Give the least true difference that a two-sided test would find.

    Args:
        standard_error: The standard error of the difference.
        level: 1 minus the level of the test.
        power: How often the difference would be found, 0 to 1.
    """
    from scipy.special import ndtri

    return float(ndtri((1 + level) / 2) + ndtri(power)) * standard_error
