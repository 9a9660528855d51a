"""How numbers are written in tables and sentences."""

from __future__ import annotations

from vqaft.evaluation.interval import Estimate, Interval


def percent(share: float | None) -> str:
    """Write a share of 1 as per cent, e.g. "90.5 %"; a dash where there is none.

    Args:
        share: The share.
    """
    return "–" if share is None else f"{100 * share:.1f} %"


def points(difference: float | None) -> str:
    """Write a difference of shares in percentage points with its sign, e.g. "+2.6".

    Args:
        difference: The difference as a share of 1.
    """
    if difference is None:
        return "–"
    rounded = round(100 * difference, 1)
    return f"{rounded + 0.0:+.1f}".replace("-", "−")


def percent_range(interval: Interval | None) -> str:
    """Write an interval of shares, e.g. "85.5 – 93.9".

    Args:
        interval: The interval.
    """
    return "–" if interval is None else f"{100 * interval.low:.1f} – {100 * interval.high:.1f}"


def points_range(interval: Interval | None) -> str:
    """Write an interval of differences, e.g. "−3.6 to +8.9".

    Args:
        interval: The interval.
    """
    return "–" if interval is None else f"{points(interval.low)} to {points(interval.high)}"


def p_text(p_value: float | None) -> str:
    """Write a p-value as far as it means something, e.g. "0.041" or "<0.001".

    Args:
        p_value: The p-value.
    """
    if p_value is None:
        return "–"
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"  # noqa: PLR2004 - finer says nothing more


def estimate_text(estimate: Estimate) -> str:
    """Write a mean with its interval, e.g. "90.5 % (85.5 – 93.9)".

    Args:
        estimate: The mean.
    """
    if estimate.interval is None:
        return percent(estimate.value)
    return f"{percent(estimate.value)} ({percent_range(estimate.interval)})"
