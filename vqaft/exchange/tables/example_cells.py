"""The fields of an example as typed cells of a parquet table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from vqaft.data import VQAExample
from vqaft.exchange.history import history_of, history_values
from vqaft.exchange.parquet import TEXT, Feature, list_of
from vqaft.images import ImageSource

EXAMPLE_FEATURES: dict[str, Feature] = {
    "id": TEXT,
    "question": TEXT,
    "answers": list_of(TEXT),
    "question_type": TEXT,
    "kind": TEXT,
    "group": TEXT,
    "metadata": TEXT,
    "history": TEXT,
}
"""The feature of each field but the images; metadata and history are JSON text."""


def example_cells(example: VQAExample) -> dict[str, Any]:
    """Return the cells of an example, without its images."""
    metadata = json.dumps(dict(example.metadata), ensure_ascii=False, default=str) if example.metadata else None
    history = json.dumps(history_values(example), ensure_ascii=False) if example.history else None
    values = {name: getattr(example, name) for name in EXAMPLE_FEATURES}
    return {**values, "answers": list(example.answers), "metadata": metadata, "history": history}


def example_of_cells(cells: Mapping[str, Any], images: Sequence[ImageSource]) -> VQAExample:
    """Return the example of a row, which may lack columns that are not required.

    Raises:
        DataError: If a value is not one of an example.
    """
    values = {name: cells[name] for name in EXAMPLE_FEATURES if name in cells}
    values["metadata"] = json.loads(cells.get("metadata") or "{}")
    values["history"] = history_of(json.loads(cells.get("history") or "[]"))
    return VQAExample(images=images, **{**values, "answers": tuple(cells.get("answers") or ())})
