"""Text files in whatever encoding they have."""

from __future__ import annotations

import codecs
import io
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from vqaft.errors import DataError, shown

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
def open_text(path: Path, encoding: str | None, *, newline: str) -> Iterator[IO[str]]:
    """Open a text file.

    Args:
        path: The file.
        encoding: Its encoding; detected if None: by a byte order mark, else UTF-8, else by charset-normalizer.
        newline: As of `open`.

    Raises:
        DataError: If the file cannot be read, or does not hold text in its encoding; with the line.
    """
    try:
        file = path.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or shown(str(error))
        raise DataError(f"the file cannot be read: {reason}", path=path) from None
    with file:
        chosen = _with_mark(encoding or detected_encoding(path))
        try:
            with io.TextIOWrapper(file, encoding=chosen, newline=newline) as text:
                yield text
        except LookupError:
            raise DataError(f"encoding is {shown(chosen)}, which is not known", path=path) from None
        except UnicodeError:
            line = _bad_line(path, chosen)
            raise DataError(f"the line is not {encoding or chosen}", path=path, line=line, hint=_HINT) from None


def _with_mark(encoding: str) -> str:
    """Return the encoding by which a byte order mark at the start is not text."""
    return "utf-8-sig" if encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else encoding


def detected_encoding(path: Path) -> str:
    """Return the encoding of a file's text.

    Raises:
        DataError: If the file cannot be read.
    """
    try:
        with path.open("rb") as file:
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
    except OSError as error:
        raise DataError(f"the file cannot be read: {error.strerror or error}", path=path) from None
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


def _bad_line(path: Path, encoding: str) -> int | None:
    """Return the line at which a file stops being text in an encoding; None if that cannot be told."""
    decoder, line = codecs.getincrementaldecoder(encoding)(), 1
    with path.open("rb") as file:
        for line, content in enumerate(file, start=1):
            try:
                decoder.decode(content)
            except UnicodeDecodeError:
                return line
    return line
