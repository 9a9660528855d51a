"""Examples from a file or a folder on the disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from vqaft.data.example import VQAExample
from vqaft.data.loaders.cells import images_of
from vqaft.data.loaders.chat_forms import is_chat, is_conversation
from vqaft.data.loaders.columns import Columns, listed, plain_columns, read_row, without_case
from vqaft.data.loaders.conversations import TurnChoice, load_chat_jsonl, load_conversations
from vqaft.data.loaders.csv_dialect import Dialect
from vqaft.data.loaders.image_path import image_inside
from vqaft.data.loaders.saved import is_saved, load_saved
from vqaft.data.loaders.stream import ExampleStream, OnError, PlacedRow
from vqaft.data.loaders.tables import READERS, read_table
from vqaft.errors import DataError, shown
from vqaft.filesystem import display_path, is_url
from vqaft.images import ImageSource

_TABLES = tuple(f"{stem}{suffix}" for stem in ("qa", "metadata", "annotations") for suffix in READERS)
_IMAGES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".heic", ".heif", ".avif"}
)
_DOCUMENTS = frozenset({".avif", ".jp2", ".j2k", ".pgm", ".ppm", ".pbm", ".pnm", ".dcm"})


def load_file(
    path: str | PathLike[str],
    *,
    columns: Columns | None = None,
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
        path: The file; image paths in it are relative to its folder.
        columns: Which column of a table holds what; if given, the file is read as a table. By default the columns are
            found by their plain names; see `plain_columns`.
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
    _refuse_url(path)
    source = Path(path)
    if not source.is_file():
        what = "is a folder" if source.is_dir() else "is missing"
        hint = "Use load_folder for a folder." if source.is_dir() else None
        raise DataError(f"the file {what}", path=path, hint=hint)
    first = None if columns is not None else _first_row(source, encoding, dialect)
    if first is not None and is_chat(first):
        return load_chat_jsonl(source, turns=turns or "last", encoding=encoding, prefix=prefix, on_error=on_error)
    if first is not None and is_conversation(first):
        return load_conversations(source, turns=turns or "all", encoding=encoding, prefix=prefix, on_error=on_error)
    if first is not None and is_saved(first):
        return load_saved(source, prefix=prefix, on_error=on_error)
    table = _Table(source.parent.resolve(), encoding, dialect)
    return _load_table(table, [source], columns=columns, prefix=prefix, on_error=on_error)


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
        folder: Where the table and the images are.
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
    _refuse_url(folder)
    root = Path(folder).resolve()
    if not root.is_dir():
        raise DataError("the folder is not a folder" if root.exists() else "there is no such folder", path=folder)
    if question is not None:
        return _load_classes(root, question, prefix=prefix, on_error=on_error)
    source = _Table(root, encoding, dialect)
    return _load_table(source, _tables(root, table), columns=columns, prefix=prefix, on_error=on_error)


@dataclass(frozen=True)
class _Table:
    root: Path
    encoding: str | None
    dialect: Dialect

    def rows(self, paths: list[Path]) -> Iterator[PlacedRow]:
        empty = True
        for path in paths:
            for row in read_table(path, encoding=self.encoding, dialect=self.dialect):
                empty = False
                yield row
        if empty:
            raise DataError("the table has no rows", path=paths[0])

    def image(self, value: Any) -> ImageSource | tuple[ImageSource, ...]:
        return tuple(image_inside(self.root, image) if isinstance(image, str) else image for image in images_of(value))


def _load_table(
    table: _Table, paths: list[Path], *, columns: Columns | None, prefix: str, on_error: OnError
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


def _first_row(path: Path, encoding: str | None, dialect: Dialect) -> Mapping[str, Any] | None:
    if path.suffix.lower() not in {".jsonl", ".json", ".ndjson", ".parquet"}:
        return None
    rows = read_table(path, encoding=encoding, dialect=dialect)
    return next((row.value for row in rows if isinstance(row.value, Mapping)), None)


def _tables(root: Path, name: str | None) -> list[Path]:
    if name is None:
        usual = [root / each for each in _TABLES if (root / each).is_file()]
        any_table = sorted(path for path in root.iterdir() if path.suffix.lower() in READERS and path.is_file())
        if usual or len(any_table) == 1:
            return usual[:1] or any_table
        raise _no_table(root, any_table)
    exact = root / name
    found = [exact] if exact.is_file() else sorted(path for path in _matching(root, name) if path.is_file())
    if not found:
        raise DataError(f"no table {shown(name)}", path=root, hint=f"The folder holds {_contents(root)}.")
    return found


def _no_table(root: Path, tables: list[Path]) -> DataError:
    if tables:
        hint = f"Name one with table=…: {listed(path.name for path in tables)}."
        return DataError("there are several tables", path=root, hint=hint)
    if any(_class_images(root)):
        hint = "Sub-folders hold images: question='…' asks it about every one, with the sub-folder's name as answer."
        return DataError("there is no table of questions", path=root, hint=hint)
    usual = ", ".join(dict.fromkeys(Path(name).stem for name in _TABLES))
    hint = f"A table is called {usual} and ends in {', '.join(READERS)}. The folder holds {_contents(root)}."
    return DataError("there is no table of questions", path=root, hint=hint)


def _contents(root: Path) -> str:
    names = sorted(entry.name for entry in root.iterdir())
    return listed(names[:10]) if names else "nothing"


def _matching(root: Path, pattern: str) -> Iterator[Path]:
    try:
        yield from root.glob(pattern)
    except (NotImplementedError, ValueError, IndexError):  # an absolute path, or no pattern at all
        return


def _class_images(root: Path) -> Iterator[Path]:
    for folder in sorted(path for path in root.iterdir() if path.is_dir() and not path.is_symlink()):
        for base, folders, names in os.walk(folder):
            folders.sort()
            yield from (Path(base, name) for name in sorted(names) if Path(name).suffix.lower() in _IMAGES | _DOCUMENTS)


def _load_classes(root: Path, question: str, *, prefix: str, on_error: OnError) -> ExampleStream:
    def example_of(placed: PlacedRow, _: int) -> Iterator[VQAExample]:
        inside = placed.value.relative_to(root)
        image = image_inside(root, inside.as_posix())
        answer = inside.parts[0]
        yield VQAExample(id=f"{prefix}{inside.as_posix()}", image=image, question=question, answers=(answer,))

    rows = (PlacedRow(value=path, path=str(path)) for path in _class_images(root))
    return ExampleStream(rows, example_of, on_error=on_error)


def _refuse_url(path: str | PathLike[str]) -> None:
    if is_url(path):
        hint = (
            "Copy the table to a local disk; or read its rows by pandas or datasets and pass them to load_hf, "
            "whose images may be URLs."
        )
        raise DataError("tables are read from a local disk, and this is a URL", path=display_path(path), hint=hint)
