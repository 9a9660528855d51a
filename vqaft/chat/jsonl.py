"""Reader of JSONL files: lines as bytes, cut at the newline byte alone and bounded, and rows one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import BinaryIO, TypeVar, overload

from pydantic import PositiveInt, ValidationError

from vqaft.chat.records import ChatRecord, Row
from vqaft.errors import DataError, RecordError
from vqaft.filesystem import display_path, open_binary
from vqaft.typed import typed_call

MAX_LINE_BYTES = 256 * 1024 * 1024
"""The longest line that is held in memory: ten images of 10 MB take 134 MB in base64."""

_BUFFER_BYTES = 4 * 1024 * 1024  # ten times the speed of the default on lines that hold images
_KEPT_BYTES = 31 * 1024 * 1024


@typed_call
def read_lines(
    path: str | PathLike[str], *, max_line_bytes: PositiveInt = MAX_LINE_BYTES
) -> Iterator[tuple[int, bytes]]:
    r"""Read a file line by line; U+2028 and other line ends of Unicode are text, as JSONL has it.

    Args:
        path: The file.
        max_line_bytes: The longest line to hold in memory.

    Yields:
        The number of each line, from 1, and its bytes with the ending that it has in the file.

    Raises:
        DataError: If the file cannot be read.
        RecordError: If a line is too long.
    """
    for number, line in read_cut_lines(path, max_line_bytes=max_line_bytes):
        if len(line) > max_line_bytes:
            raise RecordError(f"the line is longer than {max_line_bytes} bytes", path=path, line=number)
        yield number, line


@typed_call
def read_cut_lines(
    path: str | PathLike[str], *, max_line_bytes: PositiveInt = MAX_LINE_BYTES
) -> Iterator[tuple[int, bytes]]:
    """Read a file line by line, and of a line that is too long only its first bytes.

    Args:
        path: The file.
        max_line_bytes: The longest line to hold in memory.

    Yields:
        The number of each line and its bytes; one that is too long has `max_line_bytes + 1`.

    Raises:
        DataError: If the file cannot be read.
    """
    # glibc asks the system for memory anew for every line until it has seen so large a block given back: 2.5 times the
    # time of parsing. The block is never touched, and takes no memory. https://man7.org/linux/man-pages/man3/mallopt.3.html
    bytes(_KEPT_BYTES)
    try:
        with open_binary(path, buffer_bytes=_BUFFER_BYTES) as file:
            number = 0
            while line := file.readline(max_line_bytes + 1):
                number += 1
                yield number, line
                if len(line) > max_line_bytes and not line.endswith(b"\n"):
                    _skip_line(file)
    except OSError as error:
        cause = error.strerror or error
        raise DataError(f"the file cannot be read: {cause}", path=display_path(path)) from error


def _skip_line(file: BinaryIO) -> None:
    while (rest := file.readline(_BUFFER_BYTES)) and not rest.endswith(b"\n"):
        pass


RowType = TypeVar("RowType", bound=Row)


@overload
def read_jsonl(path: str | PathLike[str]) -> Iterator[ChatRecord]: ...


@overload
def read_jsonl(path: str | PathLike[str], *, row: type[RowType]) -> Iterator[RowType]: ...


@typed_call
def read_jsonl(path: str | PathLike[str], *, row: type[Row] = ChatRecord) -> Iterator[Row]:
    """Read a training file as a stream; every row keeps its bytes, so that writing it gives the same line again.

    Args:
        path: The file.
        row: What its rows are: `ChatRecord`, or `PreferenceRecord`.

    Returns:
        The rows in order. Blank lines are ignored.

    Raises:
        RecordError: At the first line that is not a row, with its number and what is wrong. `check_file` lists all.
        DataError: If the file cannot be read.
    """
    return (found for _, found in numbered_rows(path, row=row))


@typed_call
def numbered_rows(path: str | PathLike[str], *, row: type[RowType]) -> Iterator[tuple[int, RowType]]:
    """Read a training file as `read_jsonl` does, with the number of each row's line, from 1."""
    for number, line in read_lines(path):
        if not line.isspace():
            try:
                yield number, row.from_json(line)
            except ValidationError as error:
                raise RecordError(_first(error), path=path, line=number, hint="check_file lists all.") from error


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(step) for step in problem["loc"])
    return f"{place}: {problem['msg']}" if place else problem["msg"]
