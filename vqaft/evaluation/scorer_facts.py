"""What is known of a scorer: which one it is, so that two uses of the same one are known as such, and what it spent."""

from __future__ import annotations

import functools
import hashlib
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

from pydantic import NonNegativeInt

from vqaft.inference import ChatReply
from vqaft.serialization import no_extra_fields
from vqaft.typed import typed


@no_extra_fields
@dataclass(frozen=True, kw_only=True)
@typed
class ScorerUsage:
    """Requests and tokens, as far as the provider said.

    Attributes:
        requests: Requests that were answered by the service.
        reused: Ratings that were taken from an earlier run instead.
        prompt_tokens: Tokens sent.
        completion_tokens: Tokens received.
    """

    requests: NonNegativeInt = 0
    reused: NonNegativeInt = 0
    prompt_tokens: NonNegativeInt = 0
    completion_tokens: NonNegativeInt = 0

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


ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


@no_extra_fields
@dataclass(frozen=True, kw_only=True)
@typed
class ScorerFacts:
    """A scorer as it was used.

    Attributes:
        description: The scorer with its settings; equal for two uses of the same scorer.
        levels: Its levels, best first; empty where it has none.
        usage: What it cost in this evaluation, where it asks a service; not compared.
        words: The settings as sentences for people, where the scorer has such words; not compared.
    """

    description: str
    levels: tuple[str, ...] = ()
    usage: ScorerUsage | None = field(default=None, compare=False)
    words: str = field(default="", compare=False)


def usage_lines(scorers: Mapping[str, ScorerFacts]) -> list[str]:
    """Return what the scorers cost that ask a service.

    Args:
        scorers: The scorers by name.
    """
    return [f"{name}: {facts.usage}." for name, facts in scorers.items() if facts.usage is not None]


def merged_usage(parts: Sequence[Mapping[str, ScorerFacts]]) -> dict[str, ScorerFacts]:
    """Return the same scorers with what they cost in all parts together.

    Args:
        parts: The scorers of each part by name, at least one part.
    """
    merged = dict(parts[0])
    for other in parts[1:]:
        for name, facts in merged.items():
            added = other[name].usage
            if facts.usage is not None and added is not None:
                merged[name] = replace(facts, usage=facts.usage.plus(added))
    return merged


def scorer_facts(scorer: Any) -> ScorerFacts:
    """Describe a scorer.

    A value with a repr of its own (a dataclass) is described by it; a function by its module, name, code and the plain
    values bound to it; a scorer with an attribute `levels` (names, best first) is a labelled one, and one with an
    attribute `words` says its settings in sentences.

    Args:
        scorer: A scorer, or a function.
    """
    levels = getattr(scorer, "levels", ())
    words = getattr(scorer, "words", "")
    return ScorerFacts(
        description=_describe(scorer),
        levels=tuple(str(level) for level in levels),
        words=words if isinstance(words, str) else "",
    )


def _describe(scorer: Any) -> str:
    if isinstance(scorer, functools.partial):
        return f"partial({_describe(scorer.func)}, {scorer.args!r}, {sorted(scorer.keywords.items())!r})"
    code = getattr(scorer, "__code__", None)
    if code is not None:
        return f"{scorer.__module__}.{scorer.__qualname__} {_digest(code)}{_bound(scorer)}"
    kind: Any = type(scorer)
    if kind.__repr__ is object.__repr__:
        return f"{kind.__module__}.{kind.__qualname__}({sorted(getattr(scorer, '__dict__', {}).items())!r})"
    return ADDRESS.sub("", repr(scorer))


def _bound(function: Any) -> str:
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    values = [*cells, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    plain = [value for value in values if isinstance(value, str | bytes | int | float | tuple)]
    return f" {plain!r}" if plain else ""


def _digest(code: Any) -> str:
    constants = [_digest(value) if hasattr(value, "co_code") else repr(value) for value in code.co_consts]
    return hashlib.sha256(repr((code.co_code, code.co_names, constants)).encode()).hexdigest()[:12]
