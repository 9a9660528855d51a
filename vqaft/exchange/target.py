"""The seam of the exporters: what a destination of data implements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from vqaft.data import VQAExample
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.rows import Row


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
