"""Rows of a Hugging Face data set, or any rows like them.

An image that stays in its data set until somebody looks at it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vqaft.data.example import VQAExample
from vqaft.data.loaders.columns import Columns, read_row
from vqaft.errors import DataError


class DatasetImage(Mapping[str, Any]):
    """The Hugging Face image dict of one row, read from the data set each time it is asked for.

    So a list of examples stays small however large the data set's images are.

    Args:
        rows: A `datasets.Dataset` whose image column is not decoded; it needs no other column.
        column: The image column.
        row: The number of the row.
    """

    __slots__ = ("_column", "_row", "_rows")

    def __init__(self, rows: Any, column: str, row: int) -> None:
        self._rows = rows
        self._column = column
        self._row = row

    def __getitem__(self, key: str) -> Any:
        """Read `bytes` (of the image file, or None) or `path`."""
        return (self._rows[self._row][self._column] or {"bytes": None, "path": None})[key]

    def __iter__(self) -> Iterator[str]:
        return iter(("bytes", "path"))

    def __len__(self) -> int:
        return 2

    def __repr__(self) -> str:
        return f"DatasetImage(column={self._column!r}, row={self._row})"


def load_hf(rows: Iterable[Mapping[str, Any]], *, columns: Columns, prefix: str = "") -> Iterator[VQAExample]:
    """Read examples from a `datasets.Dataset`, a streaming one, or any iterable of mappings.

    Image columns of a data set are not decoded. Examples of a data set on disk leave the images there until somebody
    looks at them; those of a stream hold the bytes of the files.

    Args:
        rows: The rows. One split of a data set, not a `DatasetDict`.
        columns: Which column holds what; `OCR_VQA` and `VQA_RAD` are presets.
        prefix: Goes before every id, e.g. `"train-"`, so that the ids of several splits differ.

    Yields:
        The examples, in the order of the rows.

    Raises:
        DataError: If there is no row, a column is missing, or a value has the wrong form.
    """
    number = -1
    for number, row in enumerate(_undecoded(rows, columns)):
        if not isinstance(row, Mapping):
            raise DataError(f"row {number} is no mapping but {row!r:.60}", hint="Pass one split: dataset['train'].")
        yield from read_row(row, columns, row_id=f"{prefix}{number}")
    if number < 0:
        raise DataError("there are no rows")


def _undecoded(rows: Iterable[Mapping[str, Any]], columns: Columns) -> Iterable[Mapping[str, Any]]:
    datasets = sys.modules.get("datasets")  # rows can only be a data set if somebody imported the library
    if datasets is None or not isinstance(rows, datasets.Dataset | datasets.IterableDataset):
        return rows
    undecoded: Any = rows.with_format(None)  # plain lists and numbers, whatever format was set
    features = undecoded.features or {}
    columns.check(features or dict.fromkeys(columns.names))
    for name, feature in features.items():
        if isinstance(feature, datasets.Image):
            undecoded = undecoded.cast_column(name, datasets.Image(decode=False))
    if isinstance(features.get(columns.image), datasets.Image) and isinstance(undecoded, datasets.Dataset):
        return _with_images_left_there(undecoded, columns.image)
    return undecoded  # type: ignore[no-any-return]


def _with_images_left_there(rows: Any, column: str) -> Iterator[Mapping[str, Any]]:
    images = rows.select_columns([column])
    for number, row in enumerate(rows.remove_columns([column])):
        yield {**row, column: DatasetImage(images, column, number)}
