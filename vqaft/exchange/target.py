"""The seam of the exporters: what a destination of data implements, and the check of its settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

from vqaft.data import VQAExample
from vqaft.errors import DataError, shown
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.rows import Row


@runtime_checkable
class Target(Protocol):
    """A trainer, evaluator or dataset format that examples are exported to.

    An implementation is a frozen value with its own settings. It needs no base class and no registration: any object
    with these members can be passed to `export`.
    """

    @property
    def format(self) -> str:
        """The name of the format, as the manifest and the command line have it, e.g. `llama-factory`."""

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why the format cannot hold a row, one sentence without a full stop each; nothing where it can.

        Args:
            row: The row.
        """

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write all rows, as a stream; the rows of a split follow each other.

        Args:
            rows: Rows without problems.
            folder: An empty folder.
        """

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the files of the format alone, in the order of the rows; the manifest is not consulted.

        Args:
            folder: A folder that `write` filled.

        Yields:
            The split and the example.
        """


def check_settings(
    owner: object,
    *,
    texts: Iterable[str] = (),
    words: Iterable[str] = (),
    flags: Iterable[str] = (),
    counts: Iterable[str] = (),
) -> None:
    """Refuse settings of the wrong type.

    Args:
        owner: The target.
        texts: Names of fields that are strings.
        words: Names of fields that are sequences of strings; they are kept as tuples.
        flags: Names of fields that are True or False.
        counts: Names of fields that are integers of at least 1.

    Raises:
        DataError: If one is not; it names the field and its value.
    """
    for name in texts:
        _require(owner, name, isinstance(getattr(owner, name), str), "a string")
    for name in flags:
        _require(owner, name, isinstance(getattr(owner, name), bool), "True or False")
    for name in counts:
        value = getattr(owner, name)
        _require(owner, name, _is_count(value), "an integer of at least 1")
    for name in words:
        value = getattr(owner, name)
        listed = isinstance(value, tuple | list) and all(isinstance(word, str) and word for word in value)
        _require(owner, name, listed, "a sequence of words")
        object.__setattr__(owner, name, tuple(value))


def _require(owner: object, name: str, fits: bool, wanted: str) -> None:  # noqa: FBT001 - private
    if not fits:
        raise DataError(f"{type(owner).__name__}: {name} is {shown(getattr(owner, name))}, not {wanted}")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
