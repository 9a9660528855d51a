"""Backend wrapper: retries, adaptive concurrency (AIMD), rate limiting, and a token budget.

It also learns which optional fields a model refuses, as reasoning models refuse a temperature, and leaves them out.

Rate limiting: a token bucket for requests and tokens a minute, and AIMD for concurrency.
"""

from __future__ import annotations

import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import PositiveFloat, PositiveInt

from vqaft.errors import DataError, QuotaError, RateLimitError, RequestRefusedError, ServiceError
from vqaft.inference.chat import OPTIONAL_FIELDS, ChatBackend, ChatReply, ChatRequest
from vqaft.service import RetryPolicy, check_backend
from vqaft.typed import Amount, Share, typed, typed_call


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


@dataclass(frozen=True, kw_only=True)
@typed
class TokenPrice:
    """What tokens cost, in dollars a million.

    Attributes:
        prompt: Tokens sent.
        completion: Tokens answered.
        batch_discount: What the Batch API takes off, 0 to 1; half at OpenAI, as far as known.
    """

    prompt: Amount
    completion: Amount
    batch_discount: Share = 0.5

    def dollars(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Return what tokens cost, asked one by one.

        Args:
            prompt_tokens: Tokens sent.
            completion_tokens: Tokens answered.
        """
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1e6


FIRST_CONTACT_S = 20.0
"""A service that never answered yet is given up after this long, not after all of `unavailable_timeout_s`."""


class StoppedError(ServiceError):
    """The run was stopped before this request had an answer."""


@dataclass(kw_only=True)
class Tally:
    """Counts the requests that one question took, and lets it be given up.

    Attributes:
        attempts: Requests sent so far.
        stop: Set where no further request shall be sent.
    """

    attempts: int = 0
    stop: threading.Event = field(default_factory=threading.Event)


class RateLimitedBackend:
    """A `ChatBackend` around another one that retries and limits the rate; share one for all that use one account.

    How many requests run concurrently adapts to the service: see `AIMDLimiter`. When it asks to wait, all wait. Until
    the first answer there is one request at a time, so that a wrong key or name costs one request. An optional field
    that a model refuses (see `OPTIONAL_FIELDS`) is left out for that model from then on, with a warning.

    Args:
        backend: The service.
        max_concurrency: The most requests that run concurrently.
        requests_per_minute: The account's limit, where it is known; the service's headers are heeded in any case.
        tokens_per_minute: The same for tokens, sent and answered.
        most_tokens: The most tokens to use in all; then the run stops as one does whose account is empty, and can be
            resumed. Requests that run at that moment are still answered.
        price: What tokens cost, to tell what was spent; by the model's name where a tuned one costs more than its base.
        retry: How often and how long a request that failed is sent again.

    Raises:
        DataError: If the backend is not one, e.g. the SDK's client itself, or a limit is not positive.
    """

    @typed_call
    def __init__(
        self,
        backend: ChatBackend,
        *,
        max_concurrency: int = 64,
        requests_per_minute: PositiveFloat | None = None,
        tokens_per_minute: PositiveFloat | None = None,
        most_tokens: PositiveInt | None = None,
        price: TokenPrice | Mapping[str, TokenPrice] | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        check_backend(backend, ("complete",), user="RateLimitedBackend")
        if type(max_concurrency) is not int or max_concurrency < 1:
            raise DataError(f"max_concurrency={max_concurrency!r}", hint="A whole number from 1 on.")
        self._backend = backend
        self._refused: dict[str, frozenset[str]] = {}
        self._retry = retry or RetryPolicy()
        self._limit = AIMDLimiter(max_concurrency)
        self._turn = threading.Condition()
        self._running = 0
        self._resume_at = self._retry.clock()
        self._requests = TokenBucket(requests_per_minute, clock=self._retry.clock)
        self._tokens = TokenBucket(tokens_per_minute, clock=self._retry.clock)
        self._has_answered = False
        self._most_tokens = most_tokens
        self._used_tokens = 0
        self._price = price
        self._spent = None if price is None else 0.0

    @property
    def used_tokens(self) -> int:
        """Tokens used until now, as far as the service said."""
        return self._used_tokens

    @property
    def spent_dollars(self) -> float | None:
        """What the tokens used until now cost; None where the price of a model was not said."""
        return self._spent

    @property
    def account(self) -> str:
        """Whose account is used, without any secret; the backend's kind where it does not say."""
        return str(getattr(self._backend, "account", type(self._backend).__name__))

    @property
    def has_answered(self) -> bool:
        """Whether the service ever gave an answer."""
        return self._has_answered

    @property
    def at_once(self) -> int:
        """How many requests may run concurrently now."""
        return self._limit.now

    def refused_fields(self, model: str) -> frozenset[str]:
        """Return the settings that a model refused, and that it is asked without."""
        return self._refused.get(model, frozenset())

    def complete(self, request: ChatRequest) -> ChatReply:
        """Send a request with retries; see `ChatBackend`."""
        return self.ask(request, Tally())

    def ask(self, request: ChatRequest, tally: Tally) -> ChatReply:
        """Send a request with retries, until there is an answer or an error that retries cannot fix.

        Args:
            request: What to ask.
            tally: Counts the requests sent.

        Raises:
            ServiceError: The last one, where there is no answer.
            StoppedError: If the tally says to stop.
        """
        timeout_s = self._retry.unavailable_timeout_s
        timeout_s = timeout_s if self._has_answered else min(FIRST_CONTACT_S, timeout_s)
        retry = replace(self._retry, unavailable_timeout_s=timeout_s, sleep=lambda seconds: self._sleep(seconds, tally))
        while True:
            accepted = self._without_refused(request)
            try:
                return retry.call(lambda: self._attempt(accepted, tally))  # noqa: B023 - called before it changes
            except RequestRefusedError as error:
                if not self._learn(accepted, error):
                    raise

    def _without_refused(self, request: ChatRequest) -> ChatRequest:
        left_out: dict[str, Any] = dict.fromkeys(self.refused_fields(request.model))
        return replace(request, **left_out)

    def _learn(self, request: ChatRequest, error: RequestRefusedError) -> bool:
        """Remember the optional field that a model refused; return whether it was one."""
        if request.without(error) is None:
            return False
        name = OPTIONAL_FIELDS[error.param or ""]
        with self._turn:
            known = self.refused_fields(request.model)
            self._refused[request.model] = known | {name}
        if name not in known:
            warnings.warn(f"{request.model} refuses {error.param}: it is asked without", stacklevel=2)
        return True

    def _attempt(self, request: ChatRequest, tally: Tally) -> ChatReply:
        with self._slot(tally) as epoch:
            self._keep_pace(tally)
            tally.attempts += 1
            start = self._retry.clock()
            try:
                reply = self._backend.complete(request)
            except RateLimitError as error:
                self._slow_down(epoch, error.retry_after_s)
                raise
            if not isinstance(reply, ChatReply):
                given, backend = type(reply).__name__, type(self._backend).__name__
                raise DataError(f"{backend}.complete returned a {given}", hint="A backend returns a ChatReply.")
            self._take_note(request.model, reply, self._retry.clock() - start)
            return reply

    @contextmanager
    def _slot(self, tally: Tally) -> Iterator[int]:
        with self._turn:
            while self._running >= self._limit.now and not tally.stop.is_set():
                # Wakes up now and then, since a stop is not announced here.
                self._turn.wait(timeout=0.5)
            self._running += 1
            epoch = self._limit.epoch
        try:
            yield epoch
        finally:
            with self._turn:
                self._running -= 1
                self._turn.notify_all()

    def _keep_pace(self, tally: Tally) -> None:
        if self._most_tokens is not None and self._used_tokens >= self._most_tokens:
            hint = "Raise most_tokens and run the same again; with a journal nothing is asked twice."
            raise QuotaError(f"the budget of {self._most_tokens} tokens is used up", hint=hint)
        waits = (self._requests.take(1), self._tokens.take(0), self._resume_at - self._retry.clock())
        self._sleep(max(waits), tally)

    def _slow_down(self, epoch: int, wait_s: float | None) -> None:
        with self._turn:
            self._limit.throttled(epoch)
            self._resume_at = max(self._resume_at, self._retry.clock() + (wait_s or 0.0))

    def _take_note(self, model: str, reply: ChatReply, latency_s: float) -> None:
        prompt, completion = reply.prompt_tokens or 0, reply.completion_tokens or 0
        used = prompt + completion
        self._tokens.take(used)
        with self._turn:
            self._used_tokens += used
            if self._spent is not None:
                price = self._price.get(model) if isinstance(self._price, Mapping) else self._price
                self._spent = None if price is None else self._spent + price.dollars(prompt, completion)
            self._has_answered = True
            self._limit.succeeded(latency_s)
            self._resume_at = max(self._resume_at, self._retry.clock() + (reply.pause_s or 0.0))
            self._turn.notify_all()

    def _sleep(self, seconds: float, tally: Tally) -> None:
        if tally.stop.is_set():
            raise StoppedError("stopped before it was answered")
        if seconds <= 0:
            return
        if self._retry.sleep is not time.sleep:  # a test's own clock
            self._retry.sleep(seconds)
        elif tally.stop.wait(seconds):
            raise StoppedError("stopped before it was answered")
