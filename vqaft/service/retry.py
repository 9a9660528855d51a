"""When a failed request is sent again, and how long to wait before."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from vqaft.errors import RateLimitError, ServiceError, ServiceUnreachableError

Result = TypeVar("Result")
OnWait: TypeAlias = Callable[[ServiceError, float], None]


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """Waits that double, with jitter, within one budget of time.

    Only errors that a retry can fix are retried: `ServiceUnreachableError` within `unavailable_timeout_s`, and
    `RateLimitError` within `rate_limit_timeout_s`. The wait that the service asks for is a lower bound; where it
    exceeds the rest of the budget, the error is raised immediately.

    Attributes:
        unavailable_timeout_s: Seconds for which a service that does not answer is tried again.
        rate_limit_timeout_s: Seconds for which a service that asks to slow down is tried again.
        first_wait_s: Seconds before the second try; doubled for each further one.
        max_wait_s: The longest wait that is not the service's own wish, in seconds.
        consistency_delay_s: Seconds that a service is given to show what a request made whose answer was lost.
        sleep: Waits; another one in tests.
        clock: Seconds that never go back; another one in tests.
        random: Gives numbers in [0, 1); another one in tests.
    """

    unavailable_timeout_s: float = 60.0
    rate_limit_timeout_s: float = 900.0
    first_wait_s: float = 0.25
    max_wait_s: float = 8.0
    consistency_delay_s: float = 1.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random

    def call(self, function: Callable[[], Result], *, on_wait: OnWait | None = None) -> Result:
        """Call a function until it succeeds, or trying again does not help or takes too long.

        Args:
            function: Makes one request; must be safe to repeat.
            on_wait: Told the error and the seconds before each wait.

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
                if on_wait is not None:
                    on_wait(error, wait)
                self.sleep(wait)

    def wait_s(self, error: ServiceError, *, attempt: int) -> float:
        """Give the seconds to wait after the given failed attempt, counted from 1."""
        longest = min(self.max_wait_s, self.first_wait_s * 2.0 ** min(attempt - 1, 30))
        jittered = longest * (0.5 + 0.5 * self.random())
        # The service's own wish is a minimum; the jitter on top keeps many workers from coming back at once.
        return jittered if error.retry_after_s is None else error.retry_after_s + jittered

    def budget_s(self, error: ServiceError) -> float:
        """Give the seconds for which this kind of error is tried again."""
        return self.rate_limit_timeout_s if isinstance(error, RateLimitError) else self.unavailable_timeout_s
