"""The rule about rows that are longer than a model reads."""

from __future__ import annotations

from collections.abc import Iterable

from vqaft.records.check.row import CheckedRow
from vqaft.records.check.rule import Found, RowRule
from vqaft.records.limits import ProviderLimits
from vqaft.records.tokens.image_tokens import image_tokens_of
from vqaft.records.tokens.text_tokens import PER_MESSAGE, approximate_tokens


def too_many_tokens(row: CheckedRow, limits: ProviderLimits) -> Iterable[Found]:
    """What is too long is cut off, the answer first; only where the provider's limit is known.

    Texts are estimated, and images counted at the least that they can be by the rule of gpt-4o.
    """
    if limits.max_row_tokens is None:
        return
    images = image_tokens_of("gpt-4o")
    shown = [(image.header, image.detail) for image in row.images if image.header is not None]
    tokens = sum(images.count(h.width, h.height, detail).low for h, detail in shown if h.width and h.height)
    tokens += sum(PER_MESSAGE for _ in row.messages) + sum(approximate_tokens(text.text) for text in row.texts)
    if tokens > limits.max_row_tokens:
        yield Found("", f"about {tokens:,} tokens, over {limits.max_row_tokens:,}")


TOKEN_RULES = (
    RowRule(
        code="text.too-many-tokens",
        severity="error",
        remedy="Show fewer or smaller images, or take few-shot examples out.",
        find=too_many_tokens,
    ),
)
"""The rule about rows that are longer than a model reads."""
