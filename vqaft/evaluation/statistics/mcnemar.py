"""McNemar's exact test."""

from __future__ import annotations


def mcnemar_exact(won: int, lost: int) -> float:
    """Test whether two models are right equally often, from the examples on which just one of them is right.

    Two-sided, from the binomial distribution with one half. Takes every example as independent of all others.
    Q. McNemar, Psychometrika 12 (1947).

    Args:
        won: Examples that only the second model gets right.
        lost: Examples that only the first gets right.

    Returns:
        The p-value; 1 where both are 0.
    """
    from scipy.special import bdtr

    return min(1.0, 2 * float(bdtr(min(won, lost), won + lost, 0.5)))
