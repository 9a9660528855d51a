"""How a text file is written, on a disk or behind a URL: its encoding, and what separates and quotes cells of CSV."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from typing import IO, BinaryIO, TypeAlias

from vqaft.errors import DataError, shown
from vqaft.filesystem import FileInfo, Location, file_info, open_binary, suffix_of

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 1 << 20
_WESTERN = frozenset(["latin_1", "iso8859_1", "iso8859_15", "cp1250", "cp1252", "mac_roman", "cp850", "cp858", "cp437"])
_MOST_PIECES = 64  # of a large file only the first 64 MB are looked at
_HINT = 'Name the encoding: spreadsheets of Western Europe often write encoding="cp1252".'


@contextmanager
def open_text(path: Location, encoding: str | None, *, newline: str) -> Iterator[IO[str]]:
    """Open a text file.

    Args:
        path: The file.
        encoding: Its encoding; detected if None: by a byte order mark, else UTF-8, else by charset-normalizer.
        newline: As of `open`.

    Raises:
        DataError: If the file cannot be read, or does not hold text in its encoding; with the line.
    """
    chosen = _with_mark(encoding or detected_encoding(path))
    with open_data(path) as file:
        try:
            with io.TextIOWrapper(file, encoding=chosen, newline=newline) as text:
                yield text
        except LookupError:
            raise DataError(f"encoding is {shown(chosen)}, which is not known", path=path) from None
        except UnicodeError:
            line = _bad_line(path, chosen)
            raise DataError(f"the line is not {encoding or chosen}", path=path, line=line, hint=_HINT) from None


@contextmanager
def open_data(path: Location) -> Iterator[BinaryIO]:
    """Open a file of data for reading.

    Raises:
        DataError: If it cannot be opened, or read to its end.
    """
    with ExitStack() as opened:
        try:
            file = opened.enter_context(open_binary(path))
        except (OSError, ValueError) as error:
            raise unreadable(error, path) from None
        try:
            yield file
        except OSError as error:
            raise unreadable(error, path) from None


def unreadable(error: OSError | ValueError, path: Location) -> DataError:
    """Return the error for a file of data that cannot be read; a `ValueError` is about the path itself."""
    reason = getattr(error, "strerror", None) or shown(str(error))
    return DataError(f"the file cannot be read: {reason}", path=path)


def _with_mark(encoding: str) -> str:
    """Return the encoding by which a byte order mark at the start is not text."""
    return "utf-8-sig" if encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else encoding


def detected_encoding(path: Location) -> str:
    """Return the encoding of a file's text; the same file is looked at once.

    Raises:
        DataError: If the file cannot be read.
    """
    try:
        return _detected(file_info(path))
    except (OSError, ValueError) as error:
        raise unreadable(error, path) from None


@lru_cache(maxsize=64)
def _detected(info: FileInfo) -> str:
    try:
        with open_binary(info.path) as file:
            start = file.read(_SAMPLE_BYTES)
            marked = next((name for mark, name in _BOMS if start.startswith(mark)), None)
            if marked is not None:
                return marked
            decoder = codecs.getincrementaldecoder("utf-8")()
            decoder.decode(start)
            for piece in itertools.islice(iter(lambda: file.read(_SAMPLE_BYTES), b""), _MOST_PIECES):
                start = piece  # the first piece that is not UTF-8 is the one to look at
                decoder.decode(piece)
    except UnicodeDecodeError:
        return _guessed(start)
    return "utf-8-sig"


def _guessed(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    if sample[1::2].count(0) > len(sample) // 8:
        return "utf-16-le"
    if sample[::2].count(0) > len(sample) // 8:
        return "utf-16-be"
    best = from_bytes(sample).best()
    if best is None:
        return "utf-8"  # which then says at which line it is not
    return "cp1252" if best.encoding in _WESTERN and _decodes(sample, "cp1252") else best.encoding


def _decodes(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _bad_line(path: Location, encoding: str) -> int | None:
    """Return the line at which a file stops being text in an encoding; None if that cannot be told."""
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1
    with open_binary(path) as file:
        for line, content in enumerate(file, start=1):
            try:
                decoder.decode(content)
            except UnicodeDecodeError:
                return line
    return line


Dialect: TypeAlias = str | csv.Dialect | type[csv.Dialect] | None
"""A delimiter of one character, a dialect of the module `csv`, the name of one, or None to detect it."""

_DELIMITERS = ",;\t|"
_SAMPLE_CHARACTERS = 1 << 16
_SAMPLE_ROWS = 50


def detected_dialect(file: IO[str], dialect: Dialect, path: Location) -> tuple[type[csv.Dialect], int]:
    """Find the dialect of an opened CSV file, and leave the file at its header.

    Spreadsheets may say it in a first line such as `sep=;`. Otherwise the delimiter is the one that cuts the most rows
    of the file's beginning into the same number of cells, two at least.

    Args:
        file: The file, at its start, opened with `newline=""`.
        dialect: What the caller says; None to detect it.
        path: For errors.

    Returns:
        The dialect, and how many lines stand before the header.

    Raises:
        DataError: If the caller's dialect is not one.
    """
    sample = file.read(_SAMPLE_CHARACTERS)
    first = sample.partition("\n")[0].strip()
    said = first[4:5] if first.lower().startswith("sep=") and len(first) <= 5 else ""  # noqa: PLR2004
    file.seek(0)
    if said or first.lower() == "sep=":
        file.readline()
    chosen = _given(dialect, path) if dialect is not None else None
    if chosen is None:
        sample = sample.partition("\n")[2] if said else sample
        chosen = _made(said or _delimiter(sample, path), sample)
    return chosen, int(bool(said))


def _given(dialect: Dialect, path: Location) -> type[csv.Dialect] | None:
    if isinstance(dialect, str) and len(dialect) == 1:
        return _made(dialect, "")
    try:
        known = csv.get_dialect(dialect) if isinstance(dialect, str) else dialect
        csv.reader([], known)  # type: ignore[arg-type]
    except (csv.Error, TypeError):
        hint = "Give a delimiter such as ';', a dialect of the module csv, or the name of one."
        raise DataError(f"dialect is {shown(dialect)}, not a dialect of CSV", path=path, hint=hint) from None
    return known  # type: ignore[return-value]


def _made(mark: str, sample: str) -> type[csv.Dialect]:
    backslash = '\\"' in sample and '""' not in sample.replace(f'{mark}""', "")

    class Found(csv.excel):
        delimiter = mark
        skipinitialspace = mark != " "
        escapechar = "\\" if backslash else None
        doublequote = not backslash

    return Found


def _delimiter(sample: str, path: Location) -> str:
    """Return the delimiter that cuts the sample most evenly; for a tie the one that comes first in `_DELIMITERS`."""
    usual = "\t" if suffix_of(path) in {".tsv", ".tab"} else ","
    scores = {mark: _evenness(sample, mark) for mark in (usual, *_DELIMITERS)}
    best = max(scores, key=lambda mark: scores[mark])
    return best if scores[best] > (0, 0) else usual


def _evenness(sample: str, mark: str) -> tuple[float, int]:
    """Return the share of rows with as many cells as the header, and how many cells that is; (0, 0) for one cell."""
    rows = []
    try:
        for cells in csv.reader(io.StringIO(sample, newline=""), _made(mark, sample)):
            rows.append(len(cells))
            if len(rows) > _SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    counts = Counter(rows[1:-1] if len(rows) > 2 else rows)  # noqa: PLR2004 - the last row may be cut off
    if not rows or rows[0] < 2 or not counts:  # noqa: PLR2004
        return 0, 0
    return counts[rows[0]] / counts.total(), rows[0]
