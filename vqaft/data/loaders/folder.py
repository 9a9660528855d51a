"""A folder with images and a table of questions."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from vqaft.data.example import VQAExample
from vqaft.data.loaders.columns import Columns
from vqaft.data.loaders.rows import read_row
from vqaft.errors import DataError, ImageError

TABLES = ("qa.jsonl", "qa.csv")
COLUMNS = Columns()


def load_folder(
    folder: str | PathLike[str],
    *,
    table: str | None = None,
    columns: Columns = COLUMNS,
    encoding: str = "utf-8-sig",
    prefix: str = "",
) -> Iterator[VQAExample]:
    """Read examples from a table in a folder; its image column holds paths relative to the folder.

    Args:
        folder: Where the table and the images are.
        table: The table's file name, ending in `.jsonl` or `.csv`; by default `qa.jsonl` or `qa.csv`, whichever is
            there.
        columns: Which column holds what.
        encoding: Of the table, e.g. `latin-1` for tables from older spreadsheets.
        prefix: Goes before every id.

    Yields:
        The examples, in the order of the table. Ids are row numbers from 0 unless a column names them.

    Raises:
        DataError: If the table is missing, empty, broken or lacks a column; with file and line.
        ImageError: If an image is missing or lies outside the folder; with file and line of the table.
    """
    root = Path(folder).resolve()
    path = _table(root, table)
    read = _read_csv if path.suffix.lower() == ".csv" else _read_jsonl
    number = -1
    for number, (line, row) in enumerate(read(path, encoding)):
        try:
            columns.check(row)
            inside = {**row, columns.image: str(_image(root, row[columns.image]))}
            yield from read_row(inside, columns, row_id=f"{prefix}{number}")
        except DataError as error:
            error.path, error.line = str(path), line
            raise
    if number < 0:
        raise DataError("the table has no rows", path=path)


def _table(root: Path, name: str | None) -> Path:
    names = (name,) if name is not None else TABLES
    found = next((root / each for each in names if (root / each).is_file()), None)
    if found is None:
        there = sorted(entry.name for entry in root.glob("*.*"))[:10] if root.is_dir() else []
        hint = f"The folder holds {', '.join(there)}." if there else "The folder is empty or not there."
        raise DataError(f"no table {' or '.join(names)}", path=root, hint=hint)
    if found.suffix.lower() not in {".csv", ".jsonl"}:
        raise DataError("the table is neither .jsonl nor .csv", path=found)
    return found


def _image(root: Path, value: object) -> Path:
    if not isinstance(value, str) or not value.strip():
        raise ImageError("the image path is missing")
    lexical = root / value.strip()
    path = lexical.resolve()
    if not path.is_relative_to(root):
        raise ImageError(f"the image path {value!r} leads out of the folder", hint="Copy the image into the folder.")
    if path != Path(*lexical.parts) and lexical.is_symlink():
        raise ImageError(f"the image path {value!r} is a symbolic link", hint="Copy the image into the folder.")
    if not path.is_file():
        raise ImageError(f"the image {value!r} is missing")
    return path


def _read_jsonl(path: Path, encoding: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for line, text in _lines(path, encoding):
        if not text.strip():
            continue
        try:
            row = json.loads(text)
        except json.JSONDecodeError as error:
            raise DataError(f"the line is no JSON: {error.msg} at column {error.colno}", path=path, line=line) from None
        if not isinstance(row, dict):
            raise DataError("the line is no JSON object", path=path, line=line)
        yield line, row


def _read_csv(path: Path, encoding: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.reader(text for _, text in _lines(path, encoding))
    header = next(reader, [])
    line = reader.line_num + 1
    for cells in reader:
        if cells and len(cells) != len(header):
            raise DataError(f"{len(cells)} cells under {len(header)} columns", path=path, line=line)
        if cells:
            yield line, dict(zip(header, cells, strict=True))
        line = reader.line_num + 1


def _lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    with path.open("rb") as file:
        for line, content in enumerate(file, start=1):
            try:
                yield line, content.decode(encoding if line == 1 else encoding.removesuffix("-sig"))
            except UnicodeDecodeError:
                hint = 'Older spreadsheets write encoding="latin-1" or "cp1252".'
                raise DataError(f"the line is not {encoding}", path=path, line=line, hint=hint) from None
