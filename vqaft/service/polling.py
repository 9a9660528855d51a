"""Polling policy: how often a remote object is looked at."""

from __future__ import annotations

from dataclasses import dataclass

from vqaft.errors import DataError


@dataclass(frozen=True, kw_only=True)
class PollingPolicy:
    """How often to look: at short intervals while something happens, at growing ones while nothing does.

    Attributes:
        shortest_s: Seconds between two looks after something happened.
        longest_s: The most seconds between two looks.
        patience_s: Seconds for which a service that stopped answering is waited for: restarts and lost
            networks pass.

    Raises:
        DataError: If a duration is negative or not a number.
    """

    shortest_s: float = 0.2
    longest_s: float = 10.0
    patience_s: float = 3600.0

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                raise DataError(f"{name}={value!r}", hint="PollingPolicy takes seconds, 0 or more.")

    def after(self, wait_s: float, *, quiet: bool) -> float:
        """Return the seconds to wait after a look that followed a wait of `wait_s`."""
        return min(self.longest_s, max(self.shortest_s, wait_s * 1.5)) if quiet else self.shortest_s
