"""Rows → examples one by one, with every bad row reported at its place."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
        self._skips = on_error == "skip"
        self._left: int | None = None
        self._examples = self._read(rows, examples_of)

    @property
    def skipped(self) -> tuple[DataError, ...]:
        """What is wrong with the rows that were left out so far, in their order."""
        return tuple(self._bad)

    def take(self, count: int) -> Self:
        """Stop after this many further examples: rows behind them are not read, so that none of them is reported.

        Args:
            count: At least 1; a bad row counts as an example unless bad rows are skipped.

        Returns:
            This stream.

        Raises:
            DataError: If the count is below 1.
        """
        if count < 1:
            raise DataError(f"count is {shown(count)}, not at least 1")
        self._left = count
        return self

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> VQAExample:
        return next(self._examples)

    def _read(
        self, rows: Iterable[PlacedRow], examples_of: Callable[[PlacedRow, int], Iterable[VQAExample]]
    ) -> Iterator[VQAExample]:
        ids: dict[str, int | None] = {}
        number, row = -1, PlacedRow(value=None)
        for number, row in enumerate(rows):
            if number == 0:
                self._check_table(row)
            try:
                found = _examples(row, number, examples_of)
                _check_ids(found, ids, row.line)
            except DataError as error:
                self._bad.append(_with_place(error, row))
                self._count(0 if self._skips else 1)
            else:
                yield from self._up_to_the_limit(found)
            if self._left == 0:
                break
        self._report(number + 1)

    def _check_table(self, first: PlacedRow) -> None:
        if self._check is not None and first.error is None:
            with _placed(first):
                self._check(first.value)

    def _up_to_the_limit(self, found: Iterable[VQAExample]) -> Iterator[VQAExample]:
        for example in found:
            if self._left == 0:
                return
            self._count(1)
            yield example

    def _count(self, taken: int) -> None:
        if self._left is not None:
            self._left -= taken

    def _report(self, n_rows: int) -> None:
        if n_rows == 0:
            raise DataError("there are no rows")
        if not self._bad:
            return
        if not self._skips:
            raise self._bad[0] if len(self._bad) == 1 else several_errors(self._bad, n_rows)
        _log.warning("%d of %d rows were skipped; the first: %s", len(self._bad), n_rows, self._bad[0])

    def __repr__(self) -> str:
        return f"ExampleStream(skipped={len(self._bad)})"


def _examples(
    row: PlacedRow, number: int, examples_of: Callable[[PlacedRow, int], Iterable[VQAExample]]
) -> list[VQAExample]:
    if row.error is not None:
        raise row.error
    return list(examples_of(row, number))


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


def several_errors(errors: Sequence[DataError], n_rows: int, *, of: str = "rows") -> DataError:
    """Return one error that lists many, with all of them as its `problems`.

    Args:
        errors: At least one.
        n_rows: How many rows there are, good ones included.
        of: What they are.
    """
    path = errors[0].path if len({error.path for error in errors}) == 1 else None
    listed = "".join(f"\n  {_line(error, with_path=path is None)}" for error in errors[:_LISTED])
    more = len(errors) - _LISTED
    listed += f"\n  … and {more} more" if more > 0 else ""
    listed += f'\non_error="skip" leaves such {of} out'
    kind = type(errors[0]) if len({type(error) for error in errors}) == 1 else DataError
    error = kind(f"{len(errors)} of {n_rows} {of} cannot be used:{listed}", path=path)
    error.problems = tuple(map(str, errors))
    return error


def _line(error: DataError, *, with_path: bool) -> str:
    if with_path:
        return str(error)
    place = "" if error.line is None else f"line {error.line}: "
    example = "" if error.example_id is None else f"example {error.example_id!r}: "
    return f"{place}{example}{error.message}" + (f". {error.hint}" if error.hint else "")


def _check_ids(examples: Iterable[VQAExample], ids: dict[str, int | None], line: int | None) -> None:
    """Refuse an id that an earlier row has, and note those of this row with its line."""
    own: set[str] = set()
    for example in examples:
        if example.id in ids or example.id in own:
            earlier = ids.get(example.id)
            where = "" if earlier is None else f" as line {earlier}"
            hint = "Name another column as the id, or none: Columns(id=None) counts rows."
            raise DataError(f"the row has the same id{where}", example_id=example.id, hint=hint)
        own.add(example.id)
    ids.update(dict.fromkeys(own, line))
