"""A figure with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

from vqaft.typed import typed


@dataclass(frozen=True, kw_only=True)
@typed
class Interval:
    """Where the true value lies, by a method that is right in `confidence` of all cases.

    Attributes:
        low: The lower end, in the unit of the figure (a share of 1, not per cent).
        high: The upper end.
        confidence: How often such intervals cover the true value, 0 to 1.
        method: How it was computed, e.g. "Wilson".
    """

    low: float
    high: float
    confidence: float = 0.95
    method: str = ""

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, kw_only=True)
@typed
class Estimate:
    """A mean, or a difference of means, and its interval.

    Attributes:
        value: The figure as a share of 1; None where there was nothing to average.
        interval: Its interval; None where there was too little to give one.
    """

    value: float | None
    interval: Interval | None = None
