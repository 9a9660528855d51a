"""What a scorer has spent: an optional protocol for scorers that ask a service."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from vqaft.inference import ChatReply
from vqaft.serialization import no_extra_fields


@no_extra_fields
@dataclass(frozen=True, kw_only=True)
class ScorerUsage:
    """Requests and tokens, as far as the provider said.

    Attributes:
        requests: Requests that were answered by the service.
        reused: Ratings that were taken from an earlier run instead.
        prompt_tokens: Tokens sent.
        completion_tokens: Tokens received.
    """

    requests: int = 0
    reused: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __str__(self) -> str:
        again = f" and {self.reused:,} reused" if self.reused else ""
        tokens = f"{self.prompt_tokens:,} tokens sent, {self.completion_tokens:,} received"
        return f"{self.requests:,} requests{again}, {tokens}"

    def plus(self, other: ScorerUsage) -> ScorerUsage:
        """Return the sum with what was used elsewhere.

        Args:
            other: The other usage.
        """
        return ScorerUsage(**{name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__})

    def cost(self, *, prompt_price: float, completion_price: float) -> float:
        """Compute the price of it all.

        Args:
            prompt_price: Price of a million tokens sent.
            completion_price: Price of a million tokens received.

        Returns:
            The cost in the currency of the prices.
        """
        return (self.prompt_tokens * prompt_price + self.completion_tokens * completion_price) / 1e6

    def since(self, before: ScorerUsage) -> ScorerUsage:
        """Return what was used between an earlier state and this one.

        Args:
            before: The earlier state.
        """
        return ScorerUsage(**{name: getattr(self, name) - getattr(before, name) for name in self.__dataclass_fields__})


@runtime_checkable
class Metered(Protocol):
    """A scorer that says what it has spent; `Evaluator` then shows it beside the scores."""

    @property
    def usage(self) -> ScorerUsage:
        """What it has spent so far."""
        ...


class UsageMeter:
    """Adds up usage; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._used = ScorerUsage()

    def add(self, reply: ChatReply, *, reused: bool = False) -> None:
        """Count one reply.

        Args:
            reply: What came back.
            reused: Whether it came from an earlier run and cost nothing.
        """
        sent, received = (0, 0) if reused else (reply.prompt_tokens or 0, reply.completion_tokens or 0)
        with self._lock:
            used = self._used
            self._used = ScorerUsage(
                requests=used.requests + (not reused),
                reused=used.reused + reused,
                prompt_tokens=used.prompt_tokens + sent,
                completion_tokens=used.completion_tokens + received,
            )

    @property
    def used(self) -> ScorerUsage:
        """What has been used so far."""
        return self._used
