"""The rows of a table in a file, one by one, each with its place: CSV, TSV, JSONL, JSON, parquet and Excel."""

from __future__ import annotations

import codecs
import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import orjson

from vqaft.data.loaders.stream import PlacedRow
from vqaft.data.loaders.text_files import Dialect, detected_dialect, open_data, open_text, unreadable
from vqaft.errors import DataError, MissingExtraError, shown
from vqaft.filesystem import Location, file_info, kind_of, read_range, suffix_of

Rows: TypeAlias = Iterator[PlacedRow]

_UTF8 = frozenset({"utf-8", "utf-8-sig", "utf8"})
_BATCH_ROWS = 64  # of a parquet file in memory at one time; its rows may hold images
_LISTS = ("data", "rows", "examples", "items", "records", "samples")


def read_table(path: Location, *, encoding: str | None = None, dialect: Dialect = None) -> Rows:
    """Read the rows of a table.

    Args:
        path: The file or its URL; its suffix says what it is.
        encoding: Of the text; detected if None.
        dialect: Of a CSV file: a delimiter such as ";", a dialect of the module `csv`, or its name; detected if None.

    Yields:
        Each row as a mapping, with the line of the file that it starts on (in JSON and parquet the number of the row).

    Raises:
        DataError: If the file is not such a table; with file and line.
        MissingExtraError: If it is an Excel file and pandas is not installed.
    """
    suffix = suffix_of(path)
    reader = READERS.get(suffix)
    if reader is None:
        hint = f"Tables end in {', '.join(READERS)}."
        raise DataError(f"{suffix or 'a file without a suffix'} is not a table", path=path, hint=hint)
    try:
        kind = kind_of(path)
    except OSError as error:
        raise unreadable(error, path) from None
    if kind == "folder":
        raise DataError("the table is a folder", path=path, hint="Use load_folder for a folder.")
    yield from reader(path, encoding, dialect)


def read_jsonl(path: Location, encoding: str | None = None, dialect: Dialect = None) -> Rows:  # noqa: ARG001 - as the others
    """Read the objects of a JSONL file; blank lines are ignored, and one JSON list is read as its entries.

    Args:
        path: The file.
        encoding: Of the text; detected if None.
        dialect: Not used.

    Yields:
        The objects; a line that is not a JSON object is yielded with its error.

    Raises:
        DataError: If the file cannot be read.
    """
    with open_text(path, encoding, newline="\n") as file:
        is_utf8 = str(getattr(file, "encoding", "")).lower().replace("_", "-") in _UTF8
        size = file_info(path).size_bytes
        offset = len(codecs.BOM_UTF8) if is_utf8 and _has_mark(path) else 0
        for line, text in enumerate(file, start=1):
            begins, length = offset, len(text.encode(errors="surrogatepass"))
            offset += length
            if not text.strip():
                continue
            if line == 1 and text.lstrip().startswith("["):
                yield from _read_json(path, encoding, None)
                return
            place = {"offset": begins, "length": length, "file_size": size} if is_utf8 else {}
            yield _json_row(path, line, text, place)


def _has_mark(path: Location) -> bool:
    return read_range(path, 0, len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


def _json_row(path: Location, line: int, text: str, place: Mapping[str, Any]) -> PlacedRow:
    """Parse a line; `place` says where it begins and how long line and file are, where that is known."""
    try:
        row = parse_json(text)
    except ValueError as error:
        problem = DataError(f"the line is not JSON: {shown(str(error), 200)}", path=path, line=line)
        return PlacedRow(value=None, path=str(path), line=line, error=problem, **place)
    if not isinstance(row, dict):
        problem = DataError(f"the line is {shown(row)}, not a JSON object", path=path, line=line)
        return PlacedRow(value=None, path=str(path), line=line, error=problem, **place)
    return PlacedRow(value=row, path=str(path), line=line, **place)


def parse_json(text: str) -> Any:
    """Parse JSON; NaN, which Python writes and JSON does not have, is read as a missing value.

    Raises:
        ValueError: If it is not JSON, or nested too deeply.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if "NaN" not in text and "Infinity" not in text:
            raise ValueError(str(error)) from None
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _read_json(path: Location, encoding: str | None, _: Dialect) -> Rows:
    with open_text(path, encoding, newline="\n") as file:
        text = file.read()
    try:
        content = parse_json(text)
    except ValueError as error:
        if len(lines := text.strip().splitlines()) > 1 and lines[0].lstrip().startswith("{"):
            yield from read_jsonl(path, encoding)  # rows line by line, under a name that says otherwise
            return
        raise DataError(f"the file is not JSON: {shown(str(error), 200)}", path=path) from None
    for number, row in enumerate(_list_in(content, path), start=1):
        problem = None
        if not isinstance(row, dict):
            problem = DataError(f"the entry is {shown(row)}, not a JSON object", path=path, line=number)
        yield PlacedRow(value=row, path=str(path), line=number, error=problem)


def _list_in(content: Any, path: Location) -> list[Any]:
    """Return the rows of a JSON file: a list, the list under one key, rows by id, or columns of equal length."""
    if isinstance(content, list):
        return content
    if not isinstance(content, dict) or not content:
        raise DataError(f"the file holds {shown(content)}, not a list of objects", path=path)
    _refuse_coco(content, path)
    named = [content[key] for key in (_LISTS if len(content) > 1 else content) if isinstance(content.get(key), list)]
    if named:
        return list(named[0])
    if all(isinstance(column, list) for column in content.values()):
        return _of_columns(content, path)
    if all(isinstance(row, dict) for row in content.values()):
        return [{"id": key, **row} for key, row in content.items()]
    raise DataError(f"the file holds {shown(content)}, not a list of objects", path=path)


def _refuse_coco(content: Mapping[str, Any], path: Location) -> None:
    questions = content.get("questions")
    first = questions[0] if isinstance(questions, list) and questions else None
    if isinstance(first, dict) and {"question_id", "image_id"} <= set(first) and "image" not in first:
        hint = "Read it with load_coco_vqa(questions, images=…, annotations=…)."
        raise DataError("this is a question file of COCO-VQA", path=path, hint=hint)


def _of_columns(content: Mapping[str, list[Any]], path: Location) -> list[Any]:
    lengths = {len(column) for column in content.values()}
    if len(lengths) > 1:
        raise DataError(f"the columns have different lengths: {sorted(lengths)}", path=path)
    return [dict(zip(content, cells, strict=True)) for cells in zip(*content.values(), strict=True)]


def _read_csv(path: Location, encoding: str | None, dialect: Dialect) -> Rows:
    # A cell may hold a whole image; the module's own limit of 131,072 characters is one for the whole process.
    csv.field_size_limit(max(csv.field_size_limit(), min(sys.maxsize, 2**31 - 1)))
    with open_text(path, encoding, newline="") as file:
        chosen, skipped = detected_dialect(file, dialect, path)
        reader = csv.reader(file, chosen, strict=True)
        yield from _csv_rows(reader, path, skipped)


def _csv_rows(reader: Any, path: Location, skipped: int) -> Rows:
    header: list[str] | None = None
    line = skipped + 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            problem = f"the table is not CSV: {error}"
            raise DataError(problem, path=path, line=skipped + reader.line_num) from None
        if cells is None:
            return
        if header is None:
            header = _header(cells, path)
        elif cells:
            yield _csv_row(header, cells, path, line)
        line = skipped + reader.line_num + 1


def _header(cells: list[str], path: Location) -> list[str]:
    names = [cell.strip() for cell in cells]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise DataError(f"two columns have the name {shown(twice[0])}", path=path, line=1)
    return names


def _csv_row(header: list[str], cells: list[str], path: Location, line: int) -> PlacedRow:
    while len(cells) > len(header) and not cells[-1].strip():
        cells = cells[:-1]  # a delimiter at the end of the line
    if len(cells) != len(header):
        hint = "If another character separates the cells, name it: dialect=';'."
        problem = DataError(f"{len(cells)} cells under {len(header)} columns", path=path, line=line, hint=hint)
        return PlacedRow(value=None, path=str(path), line=line, error=problem)
    return PlacedRow(value=dict(zip(header, cells, strict=True)), path=str(path), line=line)


def _read_parquet(path: Location, _: str | None, __: Dialect) -> Rows:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with open_data(path) as opened, parquet.ParquetFile(opened) as file:
            names = _class_names(file.schema_arrow.metadata or {})
            number = 0
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                for number, row in enumerate(batch.to_pylist(), start=number + 1):  # noqa: B020 - counts on
                    yield PlacedRow(value=with_class_names(row, names), path=str(path), line=number)
    except pa.ArrowException as error:
        raise DataError(f"the table is not parquet: {shown(str(error), 200)}", path=path) from None


def _class_names(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """Return the names of the classes of each column that `datasets` has written as numbers."""
    try:
        features = orjson.loads(metadata.get(b"huggingface", b"{}")).get("info", {}).get("features", {})
    except (orjson.JSONDecodeError, AttributeError):
        return {}
    found = {}
    for column, feature in features.items() if isinstance(features, dict) else ():
        inner = feature.get("feature", feature) if isinstance(feature, dict) else {}
        if isinstance(inner, dict) and inner.get("_type") == "ClassLabel" and isinstance(inner.get("names"), list):
            found[column] = inner["names"]
    return found


def with_class_names(row: dict[str, Any], names: Mapping[str, list[str]]) -> dict[str, Any]:
    """Return a row with the names of its classes in place of their numbers; -1 is no class."""
    return {**row, **{column: _named(row.get(column), names[column]) for column in names}} if names else row


def _named(value: Any, names: list[str]) -> Any:
    if isinstance(value, list):
        return [_named(entry, names) for entry in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return names[value] if 0 <= value < len(names) else None
    return value


def _read_excel(path: Location, _: str | None, __: Dialect) -> Rows:
    try:
        import pandas as pd

        with open_data(path) as file:
            frame = pd.read_excel(io.BytesIO(file.read()), dtype=object, keep_default_na=False, na_filter=False)
    except ImportError as error:
        raise MissingExtraError(error.name or "pandas", extra="excel") from error
    except DataError:
        raise
    except Exception as error:  # noqa: BLE001 - its readers raise whatever their formats' libraries do
        raise DataError(f"the table is not Excel: {shown(str(error), 200)}", path=path) from None
    names = [str(name).strip() for name in frame.columns]
    for number, cells in enumerate(frame.itertuples(index=False, name=None), start=2):
        if any(cell not in ("", None) for cell in cells):
            yield PlacedRow(value=dict(zip(names, cells, strict=True)), path=str(path), line=number)


READERS: dict[str, Callable[[Location, str | None, Dialect], Rows]] = {
    ".csv": _read_csv,
    ".tsv": _read_csv,
    ".tab": _read_csv,
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".json": _read_json,
    ".parquet": _read_parquet,
    ".xlsx": _read_excel,
    ".xls": _read_excel,
}
"""The reader of each suffix."""
