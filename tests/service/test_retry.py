"""Waits double, the service's wish is a minimum, and one budget ends it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.errors import QuotaError, RateLimitError, RequestRefusedError, ServiceError, ServiceUnreachableError
from vqaft.service import RetryPolicy


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def policy(self, chance: float = 1.0, **settings: Any) -> RetryPolicy:
        return RetryPolicy(sleep=self.sleep, clock=lambda: self.now, random=lambda: chance, **settings)


def call(clock: Clock, errors: list[ServiceError], **settings: float) -> int:
    left, count = list(errors), 0

    def request() -> int:
        nonlocal count
        count += 1
        if left:
            raise left.pop(0)
        return count

    return clock.policy(**settings).call(request)


def test_waits_double_up_to_the_longest() -> None:
    clock = Clock()
    call(clock, [ServiceUnreachableError("down")] * 8)
    assert clock.slept == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=8), st.floats(0, 20))
def test_jitter_stays_below_the_wait_and_above_the_wish(chances: list[float], wish: float) -> None:
    for attempt, chance in enumerate(chances, start=1):
        policy = Clock().policy(chance)
        longest = min(8.0, 0.25 * 2 ** (attempt - 1))
        plain = policy.wait_s(ServiceUnreachableError("x"), attempt=attempt)
        wished = policy.wait_s(RateLimitError("x", retry_after_s=wish), attempt=attempt)
        assert longest / 2 <= plain <= longest
        assert wished >= wish


@pytest.mark.parametrize("error", [QuotaError("x", retry_after_s=1), RequestRefusedError("x")])
def test_what_waiting_does_not_mend_is_raised_at_once(error: ServiceError) -> None:
    clock = Clock()
    with pytest.raises(type(error)):
        call(clock, [error])
    assert clock.slept == []


@given(st.lists(st.sampled_from(["down", "slow"]), max_size=200), st.floats(0, 100), st.floats(0, 100))
def test_the_budget_is_never_exceeded(
    kinds: list[str], unavailable_timeout_s: float, rate_limit_timeout_s: float
) -> None:
    clock = Clock()
    errors: list[ServiceError] = [
        RateLimitError(kind) if kind == "slow" else ServiceUnreachableError(kind) for kind in kinds
    ]
    try:
        call(clock, errors, unavailable_timeout_s=unavailable_timeout_s, rate_limit_timeout_s=rate_limit_timeout_s)
    except ServiceError:
        assert clock.now <= max(unavailable_timeout_s, rate_limit_timeout_s)
    else:
        assert len(clock.slept) == len(errors)


def test_a_wish_beyond_the_budget_is_raised_at_once_with_the_wish() -> None:
    clock = Clock()
    with pytest.raises(RateLimitError) as caught:
        call(clock, [RateLimitError("slow", retry_after_s=5000)])
    assert (clock.slept, caught.value.retry_after_s) == ([], 5000)


def test_each_wait_can_be_told() -> None:
    clock, told = Clock(), []
    left = [ServiceUnreachableError("down")]

    def request() -> str:
        if left:
            raise left.pop()
        return "there"

    policy = clock.policy(on_wait=lambda error, wait: told.append((str(error), wait)))
    assert policy.call(request) == "there"
    assert told == [("down", 0.25)]
