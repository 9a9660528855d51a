"""What tokens cost, from a dated table that can be replaced."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path

from vqaft.errors import DataError
from vqaft.filesystem import location_of, read_bytes
from vqaft.typed import Amount, typed, typed_call

_OWN = Path(__file__).with_name("prices.json")


@dataclass(frozen=True, kw_only=True)
@typed
class Price:
    """Dollars for a million tokens.

    Attributes:
        training: Of training, for each epoch.
        input: Of asking the tuned model.
        output: Of its answers.
    """

    training: Amount
    input: Amount
    output: Amount


@dataclass(frozen=True, kw_only=True)
@typed
class PriceTable:
    """Prices as of a day.

    Attributes:
        as_of: The day on which they were read.
        source: Where.
        models: Model → price. Prices change, and third parties contradict each other: look before you spend.
    """

    as_of: dt.date
    source: str
    models: Mapping[str, Price] = field(hash=False)


@typed_call
def load_prices(path: str | PathLike[str] | None = None) -> PriceTable:
    """Read a table of prices.

    Args:
        path: A JSON file like vqaft's own `prices.json`, or its URL; that one where None.

    Raises:
        DataError: If the file is missing or is no such table.
    """
    file = _OWN if path is None else location_of(path)
    try:
        values = json.loads(read_bytes(file))
        models = {model: Price(**price) for model, price in values["dollars_per_million_tokens"].items()}
        return PriceTable(as_of=dt.date.fromisoformat(values["as_of"]), source=values["source"], models=models)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"no table of prices: {error}", path=file) from error
