"""Examples from a file or a folder, on a disk or behind a URL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

from vqaft.data.example import VQAExample
from vqaft.data.loaders.cells import images_of
from vqaft.data.loaders.chat_forms import is_chat, is_conversation
from vqaft.data.loaders.columns import Columns, plain_columns, read_row, without_case
from vqaft.data.loaders.conversations import TurnChoice, load_conversations
from vqaft.data.loaders.folder import class_images, folder_of, tables_in
from vqaft.data.loaders.image_path import FindImage, image_finder, image_inside, root_of
from vqaft.data.loaders.saved import is_saved, load_saved
from vqaft.data.loaders.stream import ExampleStream, OnError, PlacedRow
from vqaft.data.loaders.tables import read_table
from vqaft.data.loaders.text_files import Dialect, unreadable
from vqaft.errors import DataError
from vqaft.filesystem import Location, kind_of, location_of, suffix_of
from vqaft.images import ImageSource
from vqaft.typed import typed_call


@typed_call
def load_file(
    path: str | PathLike[str],
    *,
    columns: Columns | None = None,
    images: str | PathLike[str] | None = None,
    turns: TurnChoice | None = None,
    encoding: str | None = None,
    dialect: Dialect = None,
    prefix: str = "",
    on_error: OnError = "raise",
) -> ExampleStream:
    """Read examples from a file, in the form that its rows show.

    Known are tables of questions (CSV, TSV, JSONL, JSON, parquet, Excel), what `save_examples` wrote, and
    conversations: chat training files, LLaVA, ShareGPT and the other forms of `load_conversations`.

    Args:
        path: The file, or its fsspec URL, e.g. `s3://bucket/qa.csv`.
        columns: Which column of a table holds what; if given, the file is read as a table. By default the columns are
            found by their plain names; see `plain_columns`.
        images: The folder that image paths are relative to, or its URL; the file's own by default. No other is read.
        turns: Which questions of a conversation become examples, see `load_conversations`; by default the last one of
            a chat row, whose earlier turns may be few-shot examples, and all of any other conversation.
        encoding: Of the text; detected if None.
        dialect: Of a CSV file: a delimiter, or a dialect of the module `csv`; detected if None.
        prefix: Goes before every id that the file does not give.
        on_error: Whether bad rows raise an error that lists them all, or are skipped and counted; see `ExampleStream`.

    Returns:
        The examples, read one by one.

    Raises:
        DataError: If the file is missing, empty or broken; with file and line.
        ImageError: If an image is missing or outside the folder.
    """
    source = location_of(path)
    _require_file(source)
    first = None if columns is not None else _first_row(source, encoding, dialect)
    if first is not None and (is_chat(first) or is_conversation(first)):
        default: TurnChoice = "last" if is_chat(first) else "all"
        return load_conversations(
            source, images=images, turns=turns or default, encoding=encoding, prefix=prefix,
            first_id=int(is_chat(first)), on_error=on_error,
        )  # fmt: skip
    if first is not None and is_saved(first):
        return load_saved(source, images=images, prefix=prefix, on_error=on_error)
    table = _Table(image_finder(root_of(source, images)), encoding, dialect)
    return _load_table(table, [source], columns=columns, prefix=prefix, on_error=on_error)


def _require_file(source: Location) -> None:
    try:
        kind = kind_of(source)
    except OSError as error:
        raise unreadable(error, source) from None
    if kind != "file":
        what = "is a folder" if kind == "folder" else "is missing"
        hint = "Use load_folder for a folder." if kind == "folder" else None
        raise DataError(f"the file {what}", path=source, hint=hint)


@typed_call
def load_folder(
    folder: str | PathLike[str],
    *,
    table: str | None = None,
    columns: Columns | None = None,
    question: str | None = None,
    encoding: str | None = None,
    dialect: Dialect = None,
    prefix: str = "",
    on_error: OnError = "raise",
) -> ExampleStream:
    """Read examples from a folder: from a table of questions, or from sub-folders that are named after classes.

    The image column holds paths relative to the folder, web addresses, base64, or the bytes of the files.

    Args:
        folder: Where the table and the images are: a path, or an fsspec URL.
        table: The table's file name, or a pattern such as `data/train-*.parquet`; by default `qa`, `metadata` or
            `annotations` with any suffix of a table, or the only table there is.
        columns: Which column holds what; found by their plain names if None.
        question: What is asked about every image of a folder without a table, where the name of the sub-folder is the
            answer.
        encoding: Of the table; detected if None.
        dialect: Of a CSV table: a delimiter, or a dialect of the module `csv`; detected if None.
        prefix: Goes before every id that no column gives.
        on_error: Whether bad rows raise an error that lists them all, or are skipped and counted; see `ExampleStream`.

    Returns:
        The examples, in the order of the table. Ids are row numbers from 0 unless a column gives them.

    Raises:
        DataError: If the table is missing, empty, broken or lacks a column; with file and line.
        ImageError: If an image is missing or lies outside the folder; with file and line of the table.
    """
    root = folder_of(folder)
    if question is not None:
        return _load_classes(root, question, prefix=prefix, on_error=on_error)
    source = _Table(image_finder(root), encoding, dialect)
    return _load_table(source, tables_in(root, table), columns=columns, prefix=prefix, on_error=on_error)


@dataclass(frozen=True)
class _Table:
    find: FindImage
    encoding: str | None
    dialect: Dialect

    def rows(self, paths: list[Location]) -> Iterator[PlacedRow]:
        empty = True
        for path in paths:
            for row in read_table(path, encoding=self.encoding, dialect=self.dialect):
                empty = False
                yield row
        if empty:
            raise DataError("the table has no rows", path=paths[0])

    def image(self, value: Any) -> ImageSource | tuple[ImageSource, ...]:
        return tuple(self.find(image) if isinstance(image, str) else image for image in images_of(value))


def _load_table(
    table: _Table, paths: list[Location], *, columns: Columns | None, prefix: str, on_error: OnError
) -> ExampleStream:
    known: dict[tuple[str, ...], Columns] = {}

    def columns_of(row: Mapping[str, Any]) -> Columns:
        names = tuple(row)
        if names not in known:
            known[names] = plain_columns(names) if columns is None else without_case(columns, names)
        known[names].check(row)
        return known[names]

    def examples_of(placed: PlacedRow, number: int) -> Iterator[VQAExample]:
        row = placed.value
        chosen = columns_of(row)
        images = {column: table.image(row[column]) for column in chosen.image_columns}
        return read_row({**row, **images}, chosen, row_id=f"{prefix}{number}")

    return ExampleStream(table.rows(paths), examples_of, check=columns_of, on_error=on_error)


def _first_row(path: Location, encoding: str | None, dialect: Dialect) -> Mapping[str, Any] | None:
    if suffix_of(path) not in {".jsonl", ".json", ".ndjson", ".parquet"}:
        return None
    rows = read_table(path, encoding=encoding, dialect=dialect)
    return next((row.value for row in rows if isinstance(row.value, Mapping)), None)


def _load_classes(root: Location, question: str, *, prefix: str, on_error: OnError) -> ExampleStream:
    def example_of(placed: PlacedRow, _: int) -> Iterator[VQAExample]:
        image, name = placed.value
        image = image if isinstance(root, str) else image_inside(root, name)  # refuses links
        yield VQAExample(id=f"{prefix}{name}", image=image, question=question, answers=(name.partition("/")[0],))

    rows = (PlacedRow(value=found, path=found[0]) for found in class_images(root))
    return ExampleStream(rows, example_of, on_error=on_error)
