"""The pace follows the service: limits, pauses and allowances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.errors import QuotaError, RateLimitError, ServiceError, ServiceUnreachableError
from vqaft.inference import ChatReply, ChatRequest, RateLimitedBackend, TokenBucket
from vqaft.inference.rate_limited_backend import AIMDLimiter
from vqaft.service import RetryPolicy

REQUEST = ChatRequest(model="m", messages=b'[{"role":"user","content":"q"}]')


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def policy(self, **settings: Any) -> RetryPolicy:
        return RetryPolicy(sleep=self.sleep, clock=lambda: self.now, random=lambda: 1.0, **settings)


def test_begins_with_one_and_doubles_until_the_most() -> None:
    limit = AIMDLimiter(32)
    sizes = [limit.now]
    for _ in range(4):
        for _ in range(limit.now):
            limit.succeeded(0.1)
        sizes.append(limit.now)
    assert sizes == [1, 8, 16, 32, 32]


def test_a_volley_of_refusals_counts_once() -> None:
    limit = AIMDLimiter(64)
    for _ in range(63):
        limit.succeeded(0.1)
    epoch = limit.epoch
    for _ in range(20):
        limit.throttled(epoch)
    assert limit.now == 32
    for _ in range(32):
        limit.succeeded(0.1)
    assert limit.now in {32, 33}


def test_does_not_grow_while_answers_are_slow() -> None:
    limit = AIMDLimiter(64)
    for _ in range(7):
        limit.succeeded(0.1)
    for _ in range(60):
        limit.succeeded(2.0)
    assert limit.now < 30


@given(st.lists(st.one_of(st.floats(0.001, 10), st.none()), max_size=200), st.integers(1, 50))
def test_the_limit_stays_between_one_and_the_most(outcomes: list[float | None], most: int) -> None:
    limit = AIMDLimiter(most)
    for outcome in outcomes:
        if outcome is None:
            limit.throttled(limit.epoch)
        else:
            limit.succeeded(outcome)
        assert 1 <= limit.now <= most


@given(st.lists(st.floats(0.1, 50), min_size=1, max_size=50), st.floats(1, 1000))
def test_an_allowance_is_kept_over_any_time(amounts: list[float], per_minute: float) -> None:
    clock = Clock()
    allowance = TokenBucket(per_minute, clock=lambda: clock.now)
    spent = 0.0
    for amount in amounts:
        clock.now += allowance.take(amount)
        assert spent <= clock.now * per_minute / 60 + 1e-6
        spent += amount


def failing(*errors: ServiceError) -> tuple[Any, list[float], Clock, Callable[..., RateLimitedBackend]]:
    clock, asked, left = Clock(), [], list(errors)

    class Service:
        def complete(self, _request: ChatRequest) -> ChatReply:
            asked.append(clock.now)
            if left:
                raise left.pop(0)
            return ChatReply(text="yes", finish_reason="stop", prompt_tokens=900, completion_tokens=100)

    return Service(), asked, clock, RateLimitedBackend


def limited(retry_after_s: float | None) -> RateLimitError:
    return RateLimitError("slow", status=429, retry_after_s=retry_after_s)


@pytest.mark.parametrize("wait", [0.0, 0.5, 30.0, 300.0])
def test_the_services_wish_is_the_least(wait: float) -> None:
    service, asked, clock, make = failing(limited(wait))
    assert make(service, retry=clock.policy()).complete(REQUEST).text == "yes"
    assert asked[1] - asked[0] >= wait


def test_a_storm_of_minutes_is_survived() -> None:
    service, asked, clock, make = failing(*[limited(None)] * 60)
    assert make(service, retry=clock.policy()).complete(REQUEST).text == "yes"
    assert len(asked) == 61


def test_an_endless_storm_ends_within_its_budget() -> None:
    service, _, clock, make = failing(*[limited(None)] * 10_000)
    with pytest.raises(RateLimitError):
        make(service, retry=clock.policy(rate_limit_timeout_s=100)).complete(REQUEST)
    assert clock.now <= 100


def test_no_money_is_final() -> None:
    service, asked, clock, make = failing(QuotaError("no money", status=429, retry_after_s=1))
    with pytest.raises(QuotaError):
        make(service, retry=clock.policy()).complete(REQUEST)
    assert len(asked) == 1


def test_a_service_that_never_answered_is_given_up_sooner() -> None:
    service, _, clock, make = failing(*[ServiceUnreachableError("down")] * 10_000)
    with pytest.raises(ServiceUnreachableError):
        make(service, retry=clock.policy()).complete(REQUEST)
    assert clock.now <= 20
    service, _, clock, make = failing()
    paced = make(service, retry=clock.policy())
    paced.complete(REQUEST)
    assert paced.has_answered


@pytest.mark.parametrize(
    ("settings", "least_s"), [({"requests_per_minute": 6}, 90.0), ({"tokens_per_minute": 6000}, 90.0), ({}, 0.0)]
)
def test_what_the_account_may_do_a_minute_is_kept(settings: dict[str, float], least_s: float) -> None:
    service, asked, clock, make = failing()
    paced = make(service, retry=clock.policy(), **settings)
    for _ in range(10):
        paced.complete(REQUEST)
    assert asked[-1] == pytest.approx(least_s, abs=10)


def test_a_pause_that_the_service_states_is_kept() -> None:
    clock, asked = Clock(), []

    class Service:
        def complete(self, _request: ChatRequest) -> ChatReply:
            asked.append(clock.now)
            return ChatReply(text="yes", pause_s=7.0)

    paced = RateLimitedBackend(Service(), retry=clock.policy())
    for _ in range(3):
        paced.complete(REQUEST)
    assert asked == [0.0, 7.0, 14.0]
