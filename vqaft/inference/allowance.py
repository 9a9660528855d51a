"""So many a minute, and no more."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Allowance:
    """A bucket that fills evenly and may be overdrawn once: who comes after waits until it is paid back.

    Args:
        per_minute: What comes in, a minute; no limit where None.
        clock: Seconds that never go back.
    """

    def __init__(self, per_minute: float | None, *, clock: Callable[[], float]) -> None:
        self._per_second = None if per_minute is None else per_minute / 60.0
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at = clock()

    def take(self, amount: float) -> float:
        """Take an amount and give the seconds to wait before using it."""
        if self._per_second is None:
            return 0.0
        with self._lock:
            now = self._clock()
            start = max(now, self._free_at)
            self._free_at = start + amount / self._per_second
            return start - now
