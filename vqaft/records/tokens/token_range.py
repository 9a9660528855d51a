"""A number of tokens that is not known exactly: the least and the most that it can be."""

from __future__ import annotations

from typing import NamedTuple


class TokenRange(NamedTuple):
    """From the least to the most; equal where the number is known.

    Attributes:
        low: The least.
        high: The most.
    """

    low: int
    high: int

    def plus(self, other: TokenRange) -> TokenRange:
        """Give the sum of two numbers."""
        return TokenRange(self.low + other.low, self.high + other.high)

    def times(self, factor: float) -> TokenRange:
        """Give a multiple, rounded to whole tokens."""
        return TokenRange(round(self.low * factor), round(self.high * factor))

    def __str__(self) -> str:
        return f"{self.low:,}" if self.low == self.high else f"{self.low:,} to {self.high:,}"


def exactly(tokens: int) -> TokenRange:
    """Give a number that is known."""
    return TokenRange(tokens, tokens)


NOTHING = TokenRange(0, 0)
"""No tokens."""
