"""Rows → examples one by one, with every bad row reported at its place."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal, Self, TypeAlias, get_args

from vqaft.data.example import VQAExample
from vqaft.errors import DataError, shown

OnError: TypeAlias = Literal["raise", "skip"]
"""What a loader does about bad rows: raise one error that lists them all, or leave them out and count them."""

_LISTED = 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacedRow:
    """A row and where it stands.

    Attributes:
        value: The row.
        path: Its file or URL; None if it comes from no file.
        line: Its line, counted from 1 (in a list of rows or a parquet file its number); None if it comes from no file.
        offset: Where its line begins in a JSONL file of UTF-8, in bytes, so that it can be read again; else None.
        length: The length of that line in bytes; else None.
        file_size: The length of that file in bytes; else None.
        error: Why it could not even be read; None for a row that could.
    """

    value: Any
    path: str | None = None
    line: int | None = None
    offset: int | None = None
    length: int | None = None
    file_size: int | None = None
    error: DataError | None = None


class ExampleStream(Iterator[VQAExample]):
    """The examples of a loader, read as they are asked for.

    Bad rows do not end the reading: with `on_error="raise"` one error at the end lists them all, with "skip" they are
    left out, counted in `skipped`, and reported once as a warning of the logger `vqaft.data`.

    Args:
        rows: The rows with their places.
        examples_of: Row with its place, and its number from 0 → its examples.
        check: Raises what is wrong with a table as a whole, by its first row; that error is raised at once.
        on_error: What to do about bad rows.
    """

    def __init__(
        self,
        rows: Iterable[PlacedRow],
        examples_of: Callable[[PlacedRow, int], Iterable[VQAExample]],
        *,
        check: Callable[[Any], object] | None = None,
        on_error: OnError = "raise",
    ) -> None:
        if on_error not in get_args(OnError):
            raise DataError(f"on_error is {shown(on_error)}, not 'raise' or 'skip'")
        self._bad: list[DataError] = []
        self._check = check
        self._examples = self._read(rows, examples_of, skips=on_error == "skip")

    @property
    def skipped(self) -> tuple[DataError, ...]:
        """What is wrong with the rows that were left out so far, in their order."""
        return tuple(self._bad)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> VQAExample:
        return next(self._examples)

    def _read(
        self, rows: Iterable[PlacedRow], examples_of: Callable[[PlacedRow, int], Iterable[VQAExample]], *, skips: bool
    ) -> Iterator[VQAExample]:
        ids: dict[str, PlacedRow] = {}
        number, row = -1, PlacedRow(value=None)
        for number, row in enumerate(rows):
            if self._check is not None and number == 0 and row.error is None:
                with _placed(row):
                    self._check(row.value)
            try:
                if row.error is not None:
                    raise row.error
                found = list(examples_of(row, number))
                _check_ids(found, ids, replace(row, value=None))
            except DataError as error:
                self._bad.append(_with_place(error, row))
                continue
            yield from found
        if number < 0:
            raise DataError("there are no rows")
        self._report(number + 1, skips=skips)

    def _report(self, n_rows: int, *, skips: bool) -> None:
        if not self._bad:
            return
        if not skips:
            raise self._bad[0] if len(self._bad) == 1 else several_errors(self._bad, n_rows)
        _log.warning("%d of %d rows were skipped; the first: %s", len(self._bad), n_rows, self._bad[0])

    def __repr__(self) -> str:
        return f"ExampleStream(skipped={len(self._bad)})"


@contextmanager
def _placed(row: PlacedRow) -> Iterator[None]:
    try:
        yield
    except DataError as error:
        raise _with_place(error, row) from error.__cause__


def _with_place(error: DataError, row: PlacedRow) -> DataError:
    if row.path is not None:
        error.path, error.line = row.path, row.line
    return error


def several_errors(errors: list[DataError], n_rows: int) -> DataError:
    """Return one error that lists many, with all of them as its `problems`."""
    listed = "".join(f"\n  {_line(error)}" for error in errors[:_LISTED])
    more = len(errors) - _LISTED
    listed += f"\n  … and {more} more" if more > 0 else ""
    listed += '\non_error="skip" leaves such rows out'
    kind = type(errors[0]) if len({type(error) for error in errors}) == 1 else DataError
    error = kind(f"{len(errors)} of {n_rows} rows cannot be used:{listed}", path=errors[0].path)
    error.problems = tuple(map(str, errors))
    return error


def _line(error: DataError) -> str:
    place = "" if error.line is None else f"line {error.line}: "
    example = "" if error.example_id is None else f"example {error.example_id!r}: "
    return f"{place}{example}{error.message}" + (f". {error.hint}" if error.hint else "")


def _check_ids(examples: Iterable[VQAExample], ids: dict[str, PlacedRow], row: PlacedRow) -> None:
    own: set[str] = set()
    for example in examples:
        earlier = ids.get(example.id)
        if earlier is not None or example.id in own:
            where = "" if earlier is None or earlier.line is None else f" as line {earlier.line}"
            hint = "Name another column as the id, or none: Columns(id=None) counts rows."
            raise DataError(f"the row has the same id{where}", example_id=example.id, hint=hint)
        own.add(example.id)
    ids.update(dict.fromkeys(own, row))
