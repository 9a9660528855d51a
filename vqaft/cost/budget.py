"""Encoder settings for a budget of bytes, tokens or money."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from pydantic import NonNegativeInt

from vqaft.chat import Detail
from vqaft.cost.estimate import CostEstimate, estimate_lines
from vqaft.cost.row_cost import RowCounter
from vqaft.data import VQAExample
from vqaft.errors import DataError
from vqaft.images import ImageEncoder
from vqaft.providers import PriceTable, image_tokens_of, text_tokens
from vqaft.records import MessageBuilder
from vqaft.typed import Amount, typed, typed_call

_SAMPLE = 12
_STEPS: tuple[tuple[int | None, int | None, Detail | None], ...] = (
    (None, None, None),
    (2048, None, None),
    (1536, 85, None),
    (1024, 85, None),
    (768, 85, None),
    (768, 75, None),
    (512, 85, None),
    (512, 75, None),
    (512, 85, "low"),
    (512, 60, "low"),
    (384, 60, "low"),
    (256, 60, "low"),
)
"""Longest side, quality of JPEG and WEBP, detail: from the best for the answers to the cheapest."""


@dataclass(frozen=True, kw_only=True)
@typed
class BudgetPlan:
    """The best settings within a budget, and what they will give, by a sample.

    Attributes:
        builder: Builds the rows with these settings.
        size_bytes: The training file, about.
        tokens_low: Tokens of an epoch, at least.
        tokens_high: Tokens of an epoch, at most.
        dollars: What training costs at most; None where no price is known.
        sampled: How many examples were built to find out.
    """

    builder: MessageBuilder = field(repr=False)
    size_bytes: NonNegativeInt
    tokens_low: NonNegativeInt
    tokens_high: NonNegativeInt
    dollars: Amount | None
    sampled: NonNegativeInt

    @property
    def encoder(self) -> ImageEncoder:
        """The encoder's settings."""
        return self.builder.encoder

    def __str__(self) -> str:
        encoder = self.encoder
        again = "" if encoder.pass_through else f", quality {encoder.quality}"
        money = "" if self.dollars is None else f", ${self.dollars:,.2f} at most"
        return (
            f"max_side={encoder.max_side}{again}, detail={self.builder.detail}: {self.size_bytes / 1e6:.1f} MB, "
            f"{self.tokens_low:,} to {self.tokens_high:,} tokens an epoch{money} (by {self.sampled} examples)"
        )


@typed_call
def plan_budget(
    examples: Sequence[VQAExample],
    *,
    builder: MessageBuilder,
    max_bytes: int | None = None,
    max_tokens: int | None = None,
    max_dollars: float | None = None,
    model: str = "gpt-4o-2024-08-06",
    epochs: int = 3,
    prices: PriceTable | None = None,
) -> BudgetPlan:
    """Find the best encoder settings and detail with which a training file stays within a budget.

    Rows of up to 12 examples, evenly spread, are built with each setting in turn, the best first; sizes and tokens of
    the file are theirs times the rest. The most that tokens can be counts.

    Args:
        examples: What is to be trained on; at least one.
        builder: How rows are made; its encoder and detail are varied.
        max_bytes: The largest file.
        max_tokens: The most tokens of an epoch.
        max_dollars: The most that training may cost.
        model: The model to be trained.
        epochs: How often every row is shown.
        prices: The price table; vqaft's own where None.

    Raises:
        DataError: If there is no example, no price is known for a budget of money, or nothing fits the budget.
        ImageError: If an image of the sample cannot be used.
    """
    if not examples:
        raise DataError("there are no examples to plan for")
    counter = RowCounter(image_tokens=image_tokens_of(model), text_tokens=text_tokens(model))
    sample = examples[:: max(1, len(examples) // _SAMPLE)][:_SAMPLE]
    limits = (max_bytes, max_tokens, max_dollars)
    for tried in _settings(builder):
        lines = (row.to_json() + b"\n" for row in tried.records(sample))
        estimate = estimate_lines(lines, model=model, epochs=epochs, prices=prices, counter=counter)
        plan = _scaled(tried, estimate, len(examples), len(sample))
        if max_dollars is not None and plan.dollars is None:
            raise DataError(f"no price is known for {model!r}", hint="Give one: prices=load_prices(path).")
        if all(limit is None or used <= limit for limit, used in zip(limits, _used(plan), strict=True)):
            return plan
    hint = "Train on fewer examples, without few-shot examples, or with several questions in a conversation."
    raise DataError(f"even the cheapest settings do not fit: {plan}", hint=hint)


def _settings(builder: MessageBuilder) -> Iterator[MessageBuilder]:
    for side, quality, detail in _STEPS:
        encoder = builder.encoder
        if side is not None:
            encoder = replace(encoder, max_side=min(side, encoder.max_side or side))
        if quality is not None:
            encoder = replace(encoder, quality=min(quality, encoder.quality), pass_through=False)
        yield replace(builder, encoder=encoder, detail=detail or builder.detail)


def _scaled(builder: MessageBuilder, estimate: CostEstimate, wanted: int, sampled: int) -> BudgetPlan:
    factor = wanted / sampled
    tokens = estimate.tokens.times(factor)
    dollars = estimate.dollars_of(tokens)
    return BudgetPlan(
        builder=builder,
        size_bytes=round(estimate.size_bytes * factor),
        tokens_low=tokens.low,
        tokens_high=tokens.high,
        dollars=None if dollars is None else dollars[1],
        sampled=sampled,
    )


def _used(plan: BudgetPlan) -> tuple[float, float, float]:
    return plan.size_bytes, plan.tokens_high, plan.dollars or 0.0
