"""Qwen-VL's own fine-tuning code: a JSON list of conversations with a placeholder for each image.

Read from QwenLM/Qwen3-VL at 2026-01-30: `qwen-vl-finetune/qwenvl/data/data_processor.py`. Every turn that is not of
`human` becomes one of the assistant and is trained on, a system prompt too. Blanks around a question are taken off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike

from vqaft.data import VQAExample
from vqaft.exchange.folder import ExportFolder, prefixed
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import no_system, no_web_images, no_zero_weights, reserved_words
from vqaft.exchange.rows import Row
from vqaft.exchange.split_files import by_split
from vqaft.exchange.target import check_settings
from vqaft.exchange.trainers.conversations import PLACEHOLDER, in_place, parse_row, row_values


@dataclass(frozen=True, kw_only=True)
class QwenVL:
    """Training data of `qwen-vl-finetune`: take the entry of `data_dict.json` over into `qwenvl/data/__init__.py`.

    Attributes:
        name: The dataset's name; splits but "train" are `<name>_<split>`.
        root: The folder that the export will lie in on the training machine.
    """

    name: str = "vqaft"
    root: str = ""

    def __post_init__(self) -> None:
        check_settings(self, texts=("name", "root"))

    @property
    def format(self) -> str:
        """The name of the format."""
        return "qwen-vl"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: a system prompt, a placeholder in a question, weight 0."""
        yield from no_web_images(row)
        yield from no_system(row)
        yield from no_zero_weights(row)
        yield from reserved_words(row, (PLACEHOLDER, "<video>"), in_answers=False)

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write a JSON list a split, the images, and the entries for `data_dict`."""
        entries = {}
        for split, group in by_split(rows):
            folder.write_json_list(f"{split}.json", (row_values(row, folder, in_place) for row in group))
            name = self.name if split == "train" else f"{self.name}_{split}"
            entries[name] = {"annotation_path": prefixed(self.root, f"{split}.json"), "data_path": self.root}
        folder.write_json("data_dict.json", entries)

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the JSON lists."""
        for split, name in _annotations(folder):
            for number, row in enumerate(folder.read_json(name)):
                yield split, parse_row(row, folder, row_id=str(number))

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)


def _annotations(folder: ExportFolder) -> list[tuple[str, str]]:
    return [pair for pair in folder.splits("{split}.json") if pair[0] != "data_dict"]
