"""Unsloth: parquet with messages and images.

Read from unsloth_zoo 2026.10.9: `UnslothVisionDataCollator` in `unsloth_zoo/vision_utils.py` takes the images from the
column. It shrinks them to the size that the model prefers by default; `resize="max"` keeps small print readable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from typing import Any

from vqaft.data import VQAExample
from vqaft.exchange.cells import MESSAGES, message_cells, parsed_messages
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.parquet import IMAGE, image_cell, list_of
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import IMAGE_TOKENS, no_web_images, no_zero_weights, reserved_words
from vqaft.exchange.rows import Row
from vqaft.exchange.split_files import parse_parquet_splits, write_parquet_splits
from vqaft.exchange.target import check_settings

_FEATURES = {"messages": MESSAGES, "images": list_of(IMAGE)}


@dataclass(frozen=True, kw_only=True)
class Unsloth:
    """Training data for Unsloth: `load_dataset(folder, split="train")` with `UnslothVisionDataCollator`.

    Attributes:
        reserved: Words that stand for images to the processor of the model.
    """

    reserved: tuple[str, ...] = IMAGE_TOKENS

    def __post_init__(self) -> None:
        check_settings(self, words=("reserved",))

    @property
    def format(self) -> str:
        """The name of the format."""
        return "unsloth"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: image tokens in its texts, weight 0."""
        yield from no_web_images(row)
        yield from no_zero_weights(row)
        yield from reserved_words(row, self.reserved)

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write parquet shards, and the README by which `datasets` finds them."""
        write_parquet_splits(rows, folder, _cells, _FEATURES)

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the rows of the shards."""
        return parse_parquet_splits(folder, lambda row: parsed_messages(row["messages"], row["images"]))

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)


def _cells(row: Row) -> dict[str, Any]:
    return {"messages": message_cells(row, row.turns), "images": [image_cell(image) for image in row.images]}
