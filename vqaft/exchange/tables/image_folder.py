"""Image folders as `datasets.load_dataset("imagefolder", data_dir=…)` reads them, with the table as parquet.

Parquet, since in JSONL a column of dates becomes dates, and CSV turns `007` into 7 and `None` into nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from typing import Any

from vqaft.data import VQAExample
from vqaft.exchange.cells import EXAMPLE_FEATURES, example_cells, example_of_cells
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.parquet import TEXT, list_of, read_table, write_table
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import one_image, only_examples
from vqaft.exchange.rows import Row
from vqaft.exchange.split_files import by_split
from vqaft.exchange.target import check_settings


@dataclass(frozen=True, kw_only=True)
class ImageFolder:
    """A folder a split with its images and `metadata.parquet`.

    Attributes:
        several_images: Whether rows name their images in `file_names`, a list, for examples that may show several.
    """

    several_images: bool = False

    def __post_init__(self) -> None:
        check_settings(self, flags=("several_images",))

    @property
    def format(self) -> str:
        """The name of the format."""
        return "imagefolder"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: a system prompt, few-shot examples, several questions, or several images."""
        yield from only_examples(row)
        if not self.several_images:
            yield from one_image(row)

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write the images and the table of each split."""
        features = {"file_names": list_of(TEXT)} if self.several_images else {"file_name": TEXT}
        for split, group in by_split(rows):
            cells = (self._cells(row, folder) for row in group)
            write_table(folder, f"{split}/metadata.parquet", cells, {**features, **EXAMPLE_FEATURES})

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the tables."""
        for split, name in folder.splits("{split}/metadata.parquet"):
            for row in read_table(folder, name):
                files = row.pop("file_names", None) or [row.pop("file_name")]
                images = [folder.image(f"{split}/{file}") for file in files]
                yield split, example_of_cells(row, images)

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)

    def _cells(self, row: Row, folder: ExportFolder) -> dict[str, Any]:
        (example,) = row.examples
        below = f"{row.split}/images"
        files = [folder.write_image(image, below=below).removeprefix(f"{row.split}/") for image in row.images]
        shown: dict[str, Any] = {"file_names": files} if self.several_images else {"file_name": files[0]}
        return {**shown, **example_cells(example)}
