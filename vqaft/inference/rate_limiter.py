"""Rate limiting: a token bucket for requests and tokens a minute, and AIMD for concurrency."""

from __future__ import annotations

import threading
from collections.abc import Callable


class TokenBucket:
    """Token-bucket rate limiter that may be overdrawn once: who comes after waits until it is full again.

    Args:
        per_minute: The rate; no limit where None.
        clock: Seconds that never go back.
    """

    def __init__(self, per_minute: float | None, *, clock: Callable[[], float]) -> None:
        self._per_second = None if per_minute is None else per_minute / 60.0
        self._clock = clock
        self._lock = threading.Lock()
        self._free_at = clock()

    def take(self, amount: float) -> float:
        """Take an amount and return the seconds to wait before using it."""
        if self._per_second is None:
            return 0.0
        with self._lock:
            now = self._clock()
            start = max(now, self._free_at)
            self._free_at = start + amount / self._per_second
            return start - now


LATENCY_WEIGHT = 0.1
SLOW_FACTOR = 3.0
FIRST_VOLLEY = 8


class AIMDLimiter:
    """Additive increase, multiplicative decrease, as TCP does it; not safe for threads by itself.

    It begins with one request, continues with eight after the first success, and doubles with every round of answers
    until the service asks to slow down; then it grows by one a round. It does not grow while answers take three times
    as long as they did at best: more requests would only wait in the service's queue.

    Args:
        most: The most requests that run concurrently.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = 1.0
        self._is_probing = True
        self._latency_s: float | None = None
        self._best_s = float("inf")
        self._epoch = 0

    @property
    def now(self) -> int:
        """How many requests may run concurrently now, at least 1."""
        return max(1, int(self._limit))

    @property
    def epoch(self) -> int:
        """Counts the times the limit was lowered; a request carries the one that it began in."""
        return self._epoch

    def succeeded(self, latency_s: float) -> None:
        """Record an answer and how long it took."""
        before = self._latency_s
        if before is None and self._is_probing:
            self._limit = float(min(FIRST_VOLLEY, self._most) - 1)
        self._latency_s = latency_s if before is None else before + LATENCY_WEIGHT * (latency_s - before)
        self._best_s = min(self._best_s, self._latency_s)
        if self._latency_s > SLOW_FACTOR * self._best_s:
            return
        step = 1.0 if self._is_probing else 1.0 / self._limit
        self._limit = min(float(self._most), self._limit + step)

    def throttled(self, epoch: int) -> None:
        """Record that the service asked to slow down; requests of one volley count once.

        Args:
            epoch: The epoch in which the request began.
        """
        if epoch == self._epoch:
            self._epoch += 1
            self._is_probing = False
            self._limit = max(1.0, self._limit / 2)
