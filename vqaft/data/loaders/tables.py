"""The rows of a CSV, JSONL or parquet file, one by one, each with its place in the file.

Image paths that a table names, and that must not lead out of its folder.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from vqaft.errors import DataError, ImageError


@lru_cache(maxsize=1 << 16)
def image_inside(root: Path, value: str) -> str:
    """Find an image that a table names.

    Tables come from elsewhere, and what they name is sent to a service: a path that leads out of the folder, or through
    a symbolic link, could carry away any file.

    Args:
        root: The folder of the images, resolved.
        value: The path as the table has it, relative to the folder.

    Returns:
        The full path of an existing file inside the folder.

    Raises:
        ImageError: If the path leads out of the folder or through a link, or there is no such file.
    """
    written = Path(os.path.normpath(root / value.strip()))
    try:
        path = written.resolve()
        is_file = path.is_file()
    except (OSError, ValueError) as error:
        raise ImageError(f"the image path {value!r:.80} cannot be read: {error}") from None
    hint = "Copy the image into the folder."
    if not written.is_relative_to(root):
        raise ImageError(f"the image path {value!r} leads out of the folder", hint=hint)
    if path != written:
        raise ImageError(f"the image path {value!r} leads through a symbolic link", hint=hint)
    if not is_file:
        raise ImageError(f"the image {value!r} is missing")
    return str(path)


NumberedRows: TypeAlias = Iterator[tuple[int, Mapping[str, Any]]]


_BATCH_ROWS = 64  # of a parquet file in memory at once; its rows may hold images


def read_table(path: Path, *, encoding: str) -> NumberedRows:
    """Read the rows of a table.

    Args:
        path: A file whose name ends in `.csv`, `.jsonl` or `.parquet`.
        encoding: Of the text.

    Yields:
        The line of the file that each row starts on (in parquet the number of the row), from 1, and the row.

    Raises:
        DataError: If the file is no such table, or a row is broken; with file and line.
    """
    readers = {".csv": _read_csv, ".jsonl": read_jsonl, ".parquet": _read_parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError(f"the table is none of {', '.join(readers)}", path=path)
    yield from reader(path, encoding)


def read_jsonl(path: Path, encoding: str = "utf-8-sig") -> NumberedRows:
    """Read the objects of a JSONL file; empty lines are passed over.

    Args:
        path: The file.
        encoding: Of the text.

    Yields:
        The line number from 1, and the object.

    Raises:
        DataError: If a line is no JSON object; with file and line.
    """
    for line, text in _lines(path, encoding):
        if not text.strip():
            continue
        try:
            row = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise DataError(f"the line is no JSON: {error}", path=path, line=line) from None
        if not isinstance(row, dict):
            raise DataError("the line is no JSON object", path=path, line=line)
        yield line, row


def _read_csv(path: Path, encoding: str) -> NumberedRows:
    reader = csv.reader((text for _, text in _lines(path, encoding)), strict=True)
    try:
        header = next(reader, [])
        line = reader.line_num + 1
        for cells in reader:
            if cells and len(cells) != len(header):
                raise DataError(f"{len(cells)} cells under {len(header)} columns", path=path, line=line)
            if cells:
                yield line, dict(zip(header, cells, strict=True))
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"the table is no CSV: {error}", path=path, line=reader.line_num) from None


def _read_parquet(path: Path, _: str) -> NumberedRows:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            number = 0
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                for number, row in enumerate(batch.to_pylist(), start=number + 1):  # noqa: B020 - counts on
                    yield number, row
    except pa.ArrowException as error:
        raise DataError(f"the table is no parquet: {error}", path=path) from None


def _lines(path: Path, encoding: str) -> Iterator[tuple[int, str]]:
    with path.open("rb") as file:
        for line, content in enumerate(file, start=1):
            try:
                yield line, content.decode(encoding if line == 1 else encoding.removesuffix("-sig"))
            except UnicodeDecodeError:
                hint = 'Older spreadsheets write encoding="latin-1" or "cp1252".'
                raise DataError(f"the line is not {encoding}", path=path, line=line, hint=hint) from None
