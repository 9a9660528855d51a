"""A folder with images and a table of questions.

A file of examples in whatever form it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from vqaft.data.example import VQAExample
from vqaft.data.loaders.columns import Columns, read_row
from vqaft.data.loaders.conversations import load_chat_jsonl, load_llava
from vqaft.data.loaders.saved import load_saved
from vqaft.data.loaders.tables import image_inside, read_jsonl, read_table
from vqaft.errors import DataError, ImageError
from vqaft.images import ImageSource

_TABLES = ("qa.jsonl", "qa.csv", "qa.parquet")


_COLUMNS = Columns()


def load_folder(
    folder: str | PathLike[str],
    *,
    table: str | None = None,
    columns: Columns = _COLUMNS,
    encoding: str = "utf-8-sig",
    prefix: str = "",
) -> Iterator[VQAExample]:
    """Read examples from a table in a folder.

    The image column holds paths relative to the folder, or, in parquet, the bytes of the files as Hugging Face writes
    them.

    Args:
        folder: Where the table and the images are.
        table: The table's file name, ending in `.jsonl`, `.csv` or `.parquet`, or a pattern such as
            `data/train-*.parquet`; by default `qa.jsonl`, `qa.csv` or `qa.parquet`, whichever is there.
        columns: Which column holds what.
        encoding: Of the table, e.g. `latin-1` for tables from older spreadsheets.
        prefix: Goes before every id that no column gives.

    Yields:
        The examples, in the order of the table. Ids are row numbers from 0 unless a column names them.

    Raises:
        DataError: If the table is missing, empty, broken or lacks a column; with file and line.
        ImageError: If an image is missing or lies outside the folder; with file and line of the table.
    """
    root = Path(folder).resolve()
    number = -1
    for path in _tables(root, table):
        for line, row in read_table(path, encoding=encoding):
            number += 1
            try:
                columns.check(row)
                inside = {**row, columns.image: _image(root, row[columns.image])}
                yield from read_row(inside, columns, row_id=f"{prefix}{number}")
            except DataError as error:
                error.path, error.line = str(path), line
                raise
    if number < 0:
        raise DataError("the table has no rows", path=path)


def _tables(root: Path, name: str | None) -> list[Path]:
    names = (name,) if name is not None else _TABLES
    for each in names:
        exact = root / each
        found = [exact] if exact.is_file() else sorted(path for path in _matching(root, each) if path.is_file())
        if found:
            return found
    there = sorted(entry.name for entry in root.glob("*.*"))[:10] if root.is_dir() else []
    hint = f"The folder holds {', '.join(there)}." if there else "The folder is empty or not there."
    raise DataError(f"no table {' or '.join(names)}", path=root, hint=hint)


def _matching(root: Path, pattern: str) -> Iterator[Path]:
    try:
        yield from root.glob(pattern)
    except (NotImplementedError, ValueError):  # an absolute path, or no pattern at all
        return


def _image(root: Path, value: Any) -> ImageSource:
    if isinstance(value, Mapping):
        value = value.get("bytes") or value.get("path")
    if isinstance(value, bytes) and value:
        return value
    if not isinstance(value, str) or not value.strip():
        raise ImageError("the image is missing")
    return image_inside(root, value)


def load_file(path: str | PathLike[str], *, columns: Columns | None = None, prefix: str = "") -> Iterator[VQAExample]:
    """Read examples from a file, in the form that its name and its first row show.

    Known are, beside CSV and parquet tables: chat training files (`messages`), conversations (`conversations`, or
    `messages` with `images`), what `save_examples` wrote, and tables of questions.

    Args:
        path: The file; image paths in it are relative to its folder.
        columns: Which column of a table holds what; if given, the file is read as a table.
        prefix: Goes before every id that the file does not give.

    Returns:
        The examples, read one by one.

    Raises:
        DataError: If the file is missing, empty or broken; with file and line.
        ImageError: If an image is missing or outside the folder.
    """
    source = Path(path)
    keys = set() if columns is not None else _first_keys(source)
    if source.suffix.lower() == ".json" or "conversations" in keys or {"messages", "images"} <= keys:
        return load_llava(source, prefix=prefix)
    if "messages" in keys:
        return load_chat_jsonl(source, prefix=prefix)
    if {"id", "answers", "metadata"} <= keys:
        return load_saved(source, prefix=prefix)
    return load_folder(source.parent, table=source.name, columns=columns or Columns(), prefix=prefix)


def _first_keys(path: Path) -> set[str]:
    if path.suffix.lower() != ".jsonl" or not path.is_file():
        return set()
    return set(next((row for _, row in read_jsonl(path)), {}))
