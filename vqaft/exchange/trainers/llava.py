"""LLaVA: a JSON list of conversations about one image each.

Read from the repository at 2024-05-12: `llava/train/train.py` moves the placeholder before the text and replaces it
there; the system prompt belongs to the conversation template of the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike

from vqaft.data import VQAExample
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import no_few_shot, no_system, no_web_images, no_zero_weights, one_image, reserved_words
from vqaft.exchange.rows import Row
from vqaft.exchange.split_files import by_split
from vqaft.exchange.trainers.conversations import PLACEHOLDER, image_first, parse_row, row_values


@dataclass(frozen=True, kw_only=True)
class LLaVA:
    """Training data of LLaVA: `--data_path train.json --image_folder <folder>`."""

    @property
    def format(self) -> str:
        """The name of the format."""
        return "llava"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: a system prompt, several images, the placeholder in its texts, weight 0."""
        yield from no_web_images(row)
        yield from no_system(row)
        yield from no_few_shot(row)
        yield from one_image(row)
        yield from no_zero_weights(row)
        yield from reserved_words(row, (PLACEHOLDER,))

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write a JSON list a split, and the images."""
        for split, group in by_split(rows):
            folder.write_json_list(f"{split}.json", (row_values(row, folder, image_first) for row in group))

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the JSON lists."""
        for split, name in folder.splits("{split}.json"):
            for number, row in enumerate(folder.read_json(name)):
                yield split, parse_row(row, folder, row_id=str(number), placeholder=f"{PLACEHOLDER}\n")

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)
