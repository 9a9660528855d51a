"""Axolotl: JSONL of messages whose contents are all lists of parts, with image paths.

Read from version 0.19.0: a content that is neither text nor a list is left out of the training row without an error, so
texts are never plain strings here; `datasets` would turn those that spell a number into one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from typing import Any

from vqaft.data import VQAExample
from vqaft.exchange.folder import ExportFolder, below_images, prefixed
from vqaft.exchange.parsing import ParsedTurn
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import IMAGE_TOKENS, no_web_images, no_zero_weights, reserved_words
from vqaft.exchange.rows import Row, RowTurn
from vqaft.exchange.split_files import parse_jsonl_splits, write_jsonl_splits
from vqaft.exchange.target import check_settings
from vqaft.images import EncodedImage


@dataclass(frozen=True, kw_only=True)
class Axolotl:
    """Training data of axolotl, for `type: chat_template` with `field_messages: messages`.

    Attributes:
        root: The folder that the export will lie in on the training machine. Without it paths are relative to the
            directory that axolotl is started in.
        reserved: Words that stand for images to the processor of the model.
    """

    root: str = ""
    reserved: tuple[str, ...] = IMAGE_TOKENS

    def __post_init__(self) -> None:
        check_settings(self, texts=("root",), words=("reserved",))

    @property
    def format(self) -> str:
        """The name of the format."""
        return "axolotl"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: image tokens in its texts, weight 0."""
        yield from no_web_images(row)
        yield from no_zero_weights(row)
        yield from reserved_words(row, self.reserved)

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write a JSONL file a split, and the images."""
        write_jsonl_splits(rows, folder, lambda row: self._values(row, folder))

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the JSONL files."""
        return parse_jsonl_splits(folder, lambda row: [_parsed(message, folder) for message in row["messages"]])

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)

    def _values(self, row: Row, folder: ExportFolder) -> dict[str, Any]:
        system = [] if row.system is None else [{"role": "system", "content": [_text(row.system)]}]
        return {"messages": system + [self._message(turn, folder) for turn in row.turns]}

    def _message(self, turn: RowTurn, folder: ExportFolder) -> dict[str, Any]:
        parts: list[dict[str, str]] = []
        for part in turn.parts:
            if isinstance(part, str):
                parts.append(_text(part))
            elif isinstance(part, EncodedImage):
                parts.append({"type": "image", "path": prefixed(self.root, folder.write_image(part))})
        return {"role": turn.role, "content": parts}


def _text(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def _parsed(message: dict[str, Any], folder: ExportFolder) -> ParsedTurn:
    text = "".join(part["text"] for part in message["content"] if part["type"] == "text")
    images = tuple(folder.image(below_images(part["path"])) for part in message["content"] if part["type"] == "image")
    return ParsedTurn(role=message["role"], text=text, images=images)
