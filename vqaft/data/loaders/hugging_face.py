"""Rows in memory: a Hugging Face dataset, a data frame, or any mappings."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from vqaft.data.example import VQAExample
from vqaft.data.loaders.cells import images_of
from vqaft.data.loaders.columns import Columns, listed, plain_columns, read_row, without_case
from vqaft.data.loaders.image_path import FindImage, image_finder, root_of
from vqaft.data.loaders.stream import ExampleStream, OnError, PlacedRow
from vqaft.errors import DataError, shown
from vqaft.typed import typed_call


@typed_call
def load_hf(
    rows: Any,
    *,
    columns: Columns | None = None,
    images: str | PathLike[str] | None = None,
    prefix: str = "",
    on_error: OnError = "raise",
) -> ExampleStream:
    """Read examples from a `datasets.Dataset`, a streaming one, a data frame, or any iterable of mappings.

    Image columns of a dataset are not decoded. Examples of a dataset on disk leave the images there until they are
    used; those of a stream hold the bytes of the files. Classes (`ClassLabel`) become their names.

    Args:
        rows: The rows: one split of a dataset (not a `DatasetDict`), a pandas or polars data frame, a pyarrow table, or
            mappings.
        columns: Which column holds what; `OCR_VQA` and `VQA_RAD` are presets. Found by their plain names if None.
        images: The folder that image paths are relative to, or its URL; paths are taken as they are if None.
        prefix: Goes before every id that no column gives, e.g. `"train-"`, so that the ids of several splits differ.
        on_error: Whether bad rows raise an error that lists them all, or are skipped and counted; see `ExampleStream`.

    Returns:
        The examples, in the order of the rows.

    Raises:
        DataError: If there is no row, a column is missing, or a value has the wrong form.
    """
    find = None if images is None else image_finder(root_of(Path(), images))
    reader = _Reader(find, columns, prefix)

    def placed() -> Iterator[PlacedRow]:
        yield from (PlacedRow(value=row) for row in _mappings(rows, reader))

    return ExampleStream(placed(), reader.examples_of, check=reader.columns_of, on_error=on_error)


class _Reader:
    """Makes examples of rows; the columns of each set of names are looked up once."""

    def __init__(self, find: FindImage | None, columns: Columns | None, prefix: str) -> None:
        self._find = find
        self._columns = columns
        self._prefix = prefix
        self._known: dict[tuple[object, ...], Columns] = {}

    def named(self, names: tuple[object, ...]) -> Columns:
        if names not in self._known:
            given = self._columns
            self._known[names] = plain_columns(names) if given is None else without_case(given, names)
        return self._known[names]

    def columns_of(self, row: Any) -> Columns:
        if not isinstance(row, Mapping):
            hint = "Give a dataset, a data frame, or mappings of column to value."
            raise DataError(f"a row is {shown(row)}, not a mapping", hint=hint)
        columns = self.named(tuple(row))
        columns.check(row)
        return columns

    def examples_of(self, placed: PlacedRow, number: int) -> Iterator[VQAExample]:
        row = placed.value
        columns = self.columns_of(row)
        found = row if self._find is None else _inside(self._find, row, columns)
        return read_row(found, columns, row_id=f"{self._prefix}{number}")


def _inside(find: FindImage, row: Mapping[str, Any], columns: Columns) -> dict[str, Any]:
    found = {
        column: [find(image) if isinstance(image, str) else image for image in images_of(row[column])]
        for column in columns.image_columns
    }
    return {**row, **found}


def _mappings(rows: Any, reader: _Reader) -> Iterable[Any]:
    if isinstance(rows, str | bytes | PathLike):
        hint = "Use load_file(path) for a file, or datasets.load_dataset(name, split='train')."
        raise DataError(f"rows is {shown(rows)}, not rows", hint=hint)
    if isinstance(rows, Mapping):
        return _of_mapping(rows)
    if _is_dataset(rows):
        return _undecoded(rows, reader)
    found = _of_frame(rows)
    if found is None and not isinstance(rows, Iterable):
        raise DataError(f"rows is {shown(rows)}, not rows", hint="Give a dataset, a data frame or mappings.")
    return rows if found is None else found


def _of_frame(rows: Any) -> Iterator[Mapping[str, Any]] | None:
    """Return the rows of a data frame or table as mappings; None if it is neither."""
    if hasattr(rows, "to_dict") and hasattr(rows, "itertuples"):  # pandas
        names = [str(name) for name in rows.columns]
        return (dict(zip(names, cells, strict=True)) for cells in rows.itertuples(index=False, name=None))
    if hasattr(rows, "collect_schema"):  # polars, lazy or not
        whole = rows.collect() if hasattr(rows, "collect") else rows
        return whole.iter_rows(named=True)  # type: ignore[no-any-return]
    if hasattr(rows, "to_batches"):  # pyarrow
        return (row for batch in rows.to_batches() for row in batch.to_pylist())
    return None


def _of_mapping(rows: Mapping[Any, Any]) -> Iterator[Any]:
    """Refuse a `DatasetDict`; read columns of equal length."""
    values = list(rows.values())
    if values and all(isinstance(value, list) for value in values) and len({len(value) for value in values}) == 1:
        yield from (dict(zip(rows, cells, strict=True)) for cells in zip(*values, strict=True))
        return
    hint = f"Pass one split, e.g. dataset[{next(iter(rows), 'train')!r}]." if values else None
    raise DataError(f"rows is a mapping of {listed(rows)}, not rows", hint=hint)


def _is_dataset(rows: Any) -> bool:
    datasets = sys.modules.get("datasets")  # rows can only be a dataset if the library was imported
    return datasets is not None and isinstance(rows, datasets.Dataset | datasets.IterableDataset)


def _undecoded(rows: Any, reader: _Reader) -> Iterator[Mapping[str, Any]]:
    import datasets

    undecoded: Any = rows.with_format(None)  # plain lists and numbers, whatever format was set
    features = undecoded.features or {}
    columns = reader.named(tuple(features)) if features else None
    if columns is not None:
        columns.check(features)
    for name, feature in features.items():
        if (plain := _without_decoding(feature)) is not feature:
            undecoded = undecoded.cast_column(name, plain)
    names = {name: classes for name, feature in features.items() if (classes := _classes(feature)) is not None}
    lazy: tuple[str, ...] = ()
    if columns is not None and isinstance(undecoded, datasets.Dataset):
        lazy = tuple(name for name in columns.image_columns if isinstance(features.get(name), datasets.Image))
    for row in _with_images_left_there(undecoded, lazy) if lazy else undecoded:
        yield {**row, **{name: _class_name(row.get(name), classes) for name, classes in names.items()}}


def _without_decoding(feature: Any) -> Any:
    """Return a feature whose images are not decoded; the same object if there are none in it."""
    import datasets

    if isinstance(feature, datasets.Image):
        return datasets.Image(decode=False)
    inner = getattr(feature, "feature", None)
    if isinstance(inner, datasets.Image):
        return type(feature)(datasets.Image(decode=False))
    return feature


def _classes(feature: Any) -> Any:
    import datasets

    inner = getattr(feature, "feature", feature)
    return inner if isinstance(inner, datasets.ClassLabel) else None


def _class_name(value: Any, classes: Any) -> Any:
    if isinstance(value, list):
        return [_class_name(entry, classes) for entry in value]
    if not isinstance(value, int) or isinstance(value, bool):
        return value
    return classes.int2str(value) if 0 <= value < classes.num_classes else None


def _with_images_left_there(rows: Any, columns: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
    images = {column: rows.select_columns([column]) for column in columns}
    for number, row in enumerate(rows.remove_columns([*columns])):
        yield {**row, **{column: DatasetImage(images[column], column, number) for column in columns}}


class DatasetImage(Mapping[str, Any]):
    """The Hugging Face image dict of one row, read from the dataset each time it is used.

    So a list of examples stays small however large the dataset's images are. Equal if it names the same cell.

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
