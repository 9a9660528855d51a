"""An image that stays in its data set until somebody looks at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


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
