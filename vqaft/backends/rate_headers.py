"""The allowance that a service states in its headers."""

from __future__ import annotations

import re
from collections.abc import Mapping

_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
LONGEST_PAUSE_S = 120.0
"""Daily allowances come back later than this; the service says so by refusing, and that is believed."""


def pause_s(headers: Mapping[str, str]) -> float | None:
    """Give the seconds until an allowance that is used up is filled again; None where none is, or it is not said.

    Args:
        headers: A response's headers, by lower-case names; `x-ratelimit-remaining-requests` and `-tokens`, and the
            matching `-reset-`, are read.
    """
    waits = [
        duration_s(headers.get(f"x-ratelimit-reset-{what}", ""))
        for what in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{what}", "").strip() == "0"
    ]
    sensible = [wait for wait in waits if wait is not None and wait <= LONGEST_PAUSE_S]
    return max(sensible, default=None)


def duration_s(text: str) -> float | None:
    """Read a duration such as "1m30s", "500ms", "2h" or "7", in seconds; None where it is none."""
    stripped = text.strip()
    if re.fullmatch(r"\d+(\.\d+)?", stripped):
        return float(stripped)
    pieces = _PIECE.findall(stripped)
    if not pieces or "".join(number + unit for number, unit in pieces) != stripped:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in pieces)
