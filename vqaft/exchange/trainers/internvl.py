"""InternVL: JSONL of conversations, and a meta file that names them.

Read from the repository at 2025-09-22: `internvl_chat/internvl/train/internvl_chat_finetune.py` prints any error of a
row and takes a random other row instead, so that what it cannot read must not get there.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike

from vqaft.data import VQAExample
from vqaft.exchange.folder import ExportFolder, prefixed
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import no_web_images, no_zero_weights, reserved_words
from vqaft.exchange.rows import Row
from vqaft.exchange.split_files import by_split
from vqaft.exchange.target import check_settings
from vqaft.exchange.trainers.conversations import PLACEHOLDER, image_first, parse_row, row_values

_RESERVED = (PLACEHOLDER, "<video>", "<IMG_CONTEXT>", "<img>", "</img>")


@dataclass(frozen=True, kw_only=True)
class InternVL:
    """Training data of InternVL: `--meta_path meta_train.json`.

    Attributes:
        name: The dataset's name in the meta file.
        root: The folder that the export will lie in on the training machine. Without it InternVL must be started in
            the folder.
    """

    name: str = "vqaft"
    root: str = ""

    def __post_init__(self) -> None:
        check_settings(self, texts=("name", "root"))

    @property
    def format(self) -> str:
        """The name of the format."""
        return "internvl"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: placeholders in its texts, weight 0."""
        yield from no_web_images(row)
        yield from no_zero_weights(row)
        yield from reserved_words(row, _RESERVED)

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write a JSONL file and a meta file a split, and the images."""
        for split, group in by_split(rows):
            counted = itertools.count()  # is asked for its next number once for each row
            folder.write_jsonl(
                f"{split}.jsonl", (row_values(row, folder, image_first) for row, _ in zip(group, counted, strict=False))
            )
            meta = {
                "root": prefixed(self.root, ""),
                "annotation": prefixed(self.root, f"{split}.jsonl"),
                "data_augment": False,
                "repeat_time": 1,
                "length": next(counted),
            }
            folder.write_json(f"meta_{split}.json", {self.name: meta})

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the JSONL files."""
        for split, name in folder.splits("{split}.jsonl"):
            for number, row in enumerate(folder.read_jsonl(name)):
                yield split, parse_row(row, folder, row_id=str(number), placeholder=f"{PLACEHOLDER}\n")

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)
