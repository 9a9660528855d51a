"""LLaMA-Factory: ShareGPT conversations and `dataset_info.json`.

Read from version 0.9.5: columns and tags in `src/llamafactory/data/parser.py`, placeholders in `mm_plugin.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import PurePosixPath
from typing import Any

from vqaft.data import VQAExample
from vqaft.errors import DataError
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.parsing import ParsedTurn, example_of_turns, split_images
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import no_web_images, no_zero_weights, reserved_words
from vqaft.exchange.rows import Row
from vqaft.exchange.split_files import by_split
from vqaft.exchange.target import check_settings

_PLACEHOLDER = "<image>"
_RESERVED = (_PLACEHOLDER, "<video>", "<audio>")
_TAGS = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}


@dataclass(frozen=True, kw_only=True)
class LlamaFactory:
    """Training data of LLaMA-Factory; pass the folder as `dataset_dir` and the name as `dataset`.

    Attributes:
        name: The dataset's name in `dataset_info.json`; splits but "train" are `<name>_<split>`.

    Raises:
        DataError: If the name is empty or holds characters that a command line would split.
    """

    name: str = "vqaft"

    def __post_init__(self) -> None:
        check_settings(self, texts=("name",))
        if not re.fullmatch(r"[\w-]+", self.name):
            raise DataError(f"the name {self.name!r} is not made of letters, digits, '_' and '-'")

    @property
    def format(self) -> str:
        """The name of the format."""
        return "llama-factory"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: placeholders in its texts, weight 0."""
        yield from no_web_images(row)
        yield from no_zero_weights(row)
        yield from reserved_words(row, _RESERVED)

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write a JSONL file a split, the images, and `dataset_info.json`."""
        info = {}
        for split, group in by_split(rows):
            file = f"{split}.jsonl"
            folder.write_jsonl(file, (_values(row, folder) for row in group))
            name = self.name if split == "train" else f"{self.name}_{split}"
            columns = {"messages": "messages", "images": "images"}
            info[name] = {"file_name": file, "formatting": "sharegpt", "columns": columns, "tags": _TAGS}
        folder.write_json("dataset_info.json", info)

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the files that `dataset_info.json` names."""
        for dataset in folder.read_json("dataset_info.json").values():
            file = dataset["file_name"]
            for number, row in enumerate(folder.read_jsonl(file)):
                yield PurePosixPath(file).stem, example_of_turns(_turns(row, folder), row_id=str(number))

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)


def _values(row: Row, folder: ExportFolder) -> dict[str, Any]:
    system = [] if row.system is None else [{"role": "system", "content": row.system}]
    turns = [{"role": turn.role, "content": turn.with_placeholders(_PLACEHOLDER)} for turn in row.turns]
    return {"messages": system + turns, "images": [folder.write_image(image) for image in row.images]}


def _turns(row: dict[str, Any], folder: ExportFolder) -> list[ParsedTurn]:
    messages = row["messages"]
    images = [folder.image(name) for name in row["images"]]
    pieces = split_images([message["content"] for message in messages], images, _PLACEHOLDER)
    return [
        ParsedTurn(role=message["role"], text=text, images=shown)
        for message, (text, shown) in zip(messages, pieces, strict=True)
    ]
