"""ms-swift: JSONL with text contents, placeholders and a list of image paths.

Read from version 4.6.0: `swift/dataset/preprocessor/core.py` keeps role, content, loss and loss_scale of a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from typing import Any

from vqaft.data import VQAExample
from vqaft.exchange.folder import ExportFolder, below_images, prefixed
from vqaft.exchange.parsing import ParsedTurn, split_images
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import no_web_images, reserved_words
from vqaft.exchange.rows import Row, RowTurn
from vqaft.exchange.split_files import parse_jsonl_splits, write_jsonl_splits
from vqaft.exchange.target import check_settings

_PLACEHOLDER = "<image>"
_RESERVED = (_PLACEHOLDER, "<video>", "<audio>", "<bbox>", "<ref-object>")


@dataclass(frozen=True, kw_only=True)
class MsSwift:
    """Training data of ms-swift; pass `train.jsonl` as `--dataset`.

    Attributes:
        root: The folder that the export will lie in on the training machine. Without it paths are relative, and
            ms-swift resolves them against the environment variable `ROOT_IMAGE_DIR`, else the working directory.
    """

    root: str = ""

    def __post_init__(self) -> None:
        check_settings(self, texts=("root",))

    @property
    def format(self) -> str:
        """The name of the format."""
        return "ms-swift"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: placeholders in its texts. Weight 0 becomes `"loss": false`."""
        yield from no_web_images(row)
        yield from reserved_words(row, _RESERVED)

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write a JSONL file a split, and the images."""
        write_jsonl_splits(rows, folder, lambda row: self._values(row, folder))

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the JSONL files."""
        return parse_jsonl_splits(folder, lambda row: _turns(row, folder))

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)

    def _values(self, row: Row, folder: ExportFolder) -> dict[str, Any]:
        system = [] if row.system is None else [{"role": "system", "content": row.system}]
        images = [prefixed(self.root, folder.write_image(image)) for image in row.images]
        return {"messages": [*system, *map(_message, row.turns)], "images": images}


def _message(turn: RowTurn) -> dict[str, Any]:
    loss = {} if turn.weight is None else {"loss": bool(turn.weight)}
    return {"role": turn.role, "content": turn.with_placeholders(_PLACEHOLDER), **loss}


def _turns(row: dict[str, Any], folder: ExportFolder) -> list[ParsedTurn]:
    messages = row["messages"]
    images = [folder.image(below_images(name)) for name in row["images"]]
    pieces = split_images([message["content"] for message in messages], images, _PLACEHOLDER)
    return [
        ParsedTurn(role=message["role"], text=text, images=shown, trained=message.get("loss") is not False)
        for message, (text, shown) in zip(messages, pieces, strict=True)
    ]
