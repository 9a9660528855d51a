"""Filters of the pages' templates: times, durations, numbers and states as words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
STATES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "validating_files": ("◌", "Checking files", "waiting"),
        "queued": ("◷", "Queued", "waiting"),
        "running": ("▶", "Training", "going"),
        "paused": ("‖", "Paused", "waiting"),
        "succeeded": ("✓", "Succeeded", "good"),
        "failed": ("✗", "Failed", "bad"),
        "cancelled": ("⊘", "Cancelled", "ended"),
    }
)
"""Sign, words and class of a job's states; the sign and the words say it without color."""


def moment(seconds: int | None) -> Any:
    """Return a time as a `<time>` element, which the page's script shows in the reader's own zone and words.

    Args:
        seconds: Seconds since 1970; None where it is not known.
    """
    from markupsafe import Markup

    if seconds is None:
        return "–"
    at = datetime.fromtimestamp(seconds, tz=UTC)
    return Markup('<time datetime="{}" data-relative>{}</time>').format(at.isoformat(), f"{at:%Y-%m-%d %H:%M} UTC")


def duration(seconds: float | None) -> str:
    """Return a duration in words, e.g. "1 h 20 min", with at most two units.

    Args:
        seconds: At least 0; None where it is not known.
    """
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < MINUTE_S:
        return f"{whole} s"
    if whole < HOUR_S:
        return f"{whole // MINUTE_S} min {whole % MINUTE_S} s"
    if whole < DAY_S:
        return f"{whole // HOUR_S} h {whole % HOUR_S // MINUTE_S} min"
    return f"{whole // DAY_S} d {whole % DAY_S // HOUR_S} h"


def number(value: object) -> str:
    """Return a number for reading: whole ones with separators, others with four significant digits.

    Args:
        value: A number, or anything else, which is returned as text.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def state(status: str) -> Any:
    """Return a job's state as a badge.

    Args:
        status: As a `JobView` has it.
    """
    from markupsafe import Markup

    sign, words, kind = STATES.get(status, ("?", status, "ended"))
    badge = '<span class="state {}"><span aria-hidden="true">{}</span> {}</span>'
    return Markup(badge).format(kind, sign, words)  # noqa: S704 - the parts are escaped


PAGE_FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"moment": moment, "duration": duration, "number": number, "state": state}
)
"""The filters by the names that templates have for them."""
