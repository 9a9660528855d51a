"""Retry policy: exponential backoff with jitter, Retry-After as a minimum, and a time budget for each kind of error.

Polling policy: how often a remote object is looked at.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from vqaft.errors import DataError, RateLimitError, ServiceError, ServiceUnreachableError
from vqaft.typed import typed


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


Result = TypeVar("Result")

OnWait: TypeAlias = Callable[[ServiceError, float], None]


@dataclass(frozen=True, kw_only=True)
@typed
class RetryPolicy:
    """Exponential backoff with jitter, within a time budget.

    Only errors that trying again can fix are retried: `ServiceUnreachableError` within `unavailable_timeout_s`, and
    `RateLimitError`, in whose case the service is there and says so, within `rate_limit_timeout_s`. What the service
    asks to wait is a minimum; where that is more than the budget has left, the error is raised immediately.

    Attributes:
        unavailable_timeout_s: Seconds for which a service that does not answer is tried again.
        rate_limit_timeout_s: Seconds for which a service that asks to slow down is tried again.
        first_wait_s: Seconds before the second attempt; doubled for each further one.
        max_wait_s: The longest wait that the service did not ask for, in seconds.
        consistency_delay_s: Seconds in which a service shows what a request created whose answer was lost, also one
            that it still carries out after its client was killed. Before something paid is created again, so long is
            waited, and then looked for it.
        sleep: Waits; another one in tests.
        clock: Seconds that never go back; another one in tests.
        random: Numbers in [0, 1); another one in tests.
        on_wait: Called with the error and the seconds before each wait, from any thread, e.g. to say that a service
            does not answer.

    Raises:
        DataError: If a duration is negative or not a number.
    """

    unavailable_timeout_s: float = 60.0
    rate_limit_timeout_s: float = 900.0
    first_wait_s: float = 0.25
    max_wait_s: float = 8.0
    consistency_delay_s: float = 5.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random
    on_wait: OnWait | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            is_duration = name.endswith("_s")
            if is_duration and (isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0):
                raise DataError(f"{name}={value!r}", hint="RetryPolicy takes seconds, 0 or more.")

    def call(self, function: Callable[[], Result]) -> Result:
        """Call a function until it succeeds, or trying again does not help or takes too long.

        Args:
            function: Makes one request; must be safe to repeat.

        Raises:
            ServiceError: The last one, where it did not succeed.
        """
        start, attempt = self.clock(), 0
        while True:
            try:
                return function()
            except (RateLimitError, ServiceUnreachableError) as error:
                attempt += 1
                wait = self.wait_s(error, attempt=attempt)
                if self.clock() - start + wait > self.budget_s(error):
                    raise
                if self.on_wait is not None:
                    self.on_wait(error, wait)
                self.sleep(wait)

    def wait_s(self, error: ServiceError, *, attempt: int) -> float:
        """Return the seconds to wait after the given failed attempt, counted from 1."""
        longest = min(self.max_wait_s, self.first_wait_s * 2.0 ** min(attempt - 1, 30))
        jittered = longest * (0.5 + 0.5 * self.random())
        # The service's own wish is a minimum; the jitter on top keeps many workers from coming back together.
        return jittered if error.retry_after_s is None else error.retry_after_s + jittered

    def budget_s(self, error: ServiceError) -> float:
        """Return the seconds for which this kind of error is retried."""
        return self.rate_limit_timeout_s if isinstance(error, RateLimitError) else self.unavailable_timeout_s
