"""Hugging Face datasets: parquet with an image column, and a dataset card."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

from vqaft.data import VQAExample
from vqaft.errors import DataError, shown
from vqaft.exchange.cells import EXAMPLE_FEATURES, example_cells, example_of_cells
from vqaft.exchange.dataset_card import DatasetCard, SplitTally
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.parquet import IMAGE, image_cell, list_of, read_shards, write_shards
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import one_image, only_examples
from vqaft.exchange.rows import Row
from vqaft.exchange.split_files import by_split
from vqaft.exchange.target import check_settings


@dataclass(frozen=True, kw_only=True)
class HuggingFace:
    """A dataset folder as the Hugging Face Hub has it, read by `datasets.load_dataset(folder)`.

    Columns: `id`, `image` (or `images`), `question`, `answers`, `question_type`, `kind`, `group`, and `metadata` as
    JSON text. Questions stand as they are in the examples, without the builder's template.

    Attributes:
        card: Facts for the dataset card.
        several_images: Whether the column is `images`, a list, for examples that may show several.
        shard_bytes: A shard is closed when its rows have this many bytes.
    """

    card: DatasetCard = field(default_factory=DatasetCard)
    several_images: bool = False
    shard_bytes: int = 500_000_000

    def __post_init__(self) -> None:
        check_settings(self, flags=("several_images",), counts=("shard_bytes",))
        if not isinstance(self.card, DatasetCard):
            raise DataError(f"card is {shown(self.card)}, not a DatasetCard")

    @property
    def format(self) -> str:
        """The name of the format."""
        return "hugging-face"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: a system prompt, few-shot examples, several questions, or several images."""
        yield from only_examples(row)
        if not self.several_images:
            yield from one_image(row)

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write parquet shards and the card."""
        features = {**self._image_features(), **EXAMPLE_FEATURES}
        splits: dict[str, SplitTally] = {}
        for split, group in by_split(rows):
            tally = splits[split] = SplitTally()
            cells = (self._cells(row) for row in tally.counted(group))
            write_shards(folder, split, cells, features, shard_bytes=self.shard_bytes)
        folder.write_text("README.md", self.card.render(splits))

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the rows of the shards."""
        for split, row in read_shards(folder):
            cells = row.pop("images", None) or [row.pop("image", None)]
            images = [cell["bytes"] or cell["path"] for cell in cells if cell]
            yield split, example_of_cells(row, images)

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)

    def _image_features(self) -> dict[str, Any]:
        return {"images": list_of(IMAGE)} if self.several_images else {"image": IMAGE}

    def _cells(self, row: Row) -> dict[str, Any]:
        (example,) = row.examples
        images = [image_cell(image) for image in row.images]
        shown = {"images": images} if self.several_images else {"image": images[0]}
        return {**shown, **example_cells(example)}
