"""The CSV of a job's metrics."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

COLUMNS = ("step", "train_loss", "train_accuracy", "valid_loss", "valid_mean_token_accuracy")


def result_csv(epochs: Iterable[Mapping[str, Any]]) -> bytes:
    """Write the file.

    Args:
        epochs: The data of the metrics events, in the order of the steps.

    Returns:
        The file, a row an epoch; a number that is not known is an empty cell.
    """
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for data in epochs:
        values = {**data, "train_accuracy": data.get("train_mean_token_accuracy")}
        table.writerow("" if values.get(name) is None else values[name] for name in COLUMNS)
    return text.getvalue().encode()
