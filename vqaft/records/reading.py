"""A file → its rows, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from os import PathLike
from typing import TypeVar, overload

from pydantic import ValidationError

from vqaft.errors import RecordError
from vqaft.records.lines import read_lines
from vqaft.records.rows import ChatRecord, Row

RowType = TypeVar("RowType", bound=Row)


@overload
def read_jsonl(path: str | PathLike[str]) -> Iterator[ChatRecord]: ...
@overload
def read_jsonl(path: str | PathLike[str], *, row: type[RowType]) -> Iterator[RowType]: ...
def read_jsonl(path: str | PathLike[str], *, row: type[Row] = ChatRecord) -> Iterator[Row]:
    """Read a training file as a stream; every row keeps its bytes, so that writing it gives the same line again.

    Args:
        path: The file.
        row: What its rows are: `ChatRecord`, or `PreferenceRecord`.

    Yields:
        The rows in order. Blank lines are passed over.

    Raises:
        RecordError: At the first line that is not a row, with its number and what is wrong. `check_file` lists all.
        DataError: If the file cannot be read.
    """
    for number, line in read_lines(path):
        if not line.isspace():
            try:
                yield row.from_json(line)
            except ValidationError as error:
                raise RecordError(_first(error), path=path, line=number, hint="check_file lists all.") from error


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(step) for step in problem["loc"])
    return f"{place}: {problem['msg']}" if place else problem["msg"]
