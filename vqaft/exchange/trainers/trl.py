"""TRL: parquet with prompt, completion and images; the trainer learns the completion alone.

Read from version 1.16.0: `DataCollatorForVisionLanguageModeling` in `trl/trainer/sft_trainer.py`. Parquet, since JSONL
turns completions that are all dates into dates.
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
from vqaft.exchange.parsing import ParsedTurn
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import IMAGE_TOKENS, no_web_images, reserved_words
from vqaft.exchange.rows import Row
from vqaft.exchange.split_files import parse_parquet_splits, write_parquet_splits
from vqaft.exchange.target import check_settings

_FEATURES = {"prompt": MESSAGES, "completion": MESSAGES, "images": list_of(IMAGE)}


@dataclass(frozen=True, kw_only=True)
class TRL:
    """Training data for the `SFTTrainer` of TRL: `SFTTrainer(train_dataset=load_dataset(folder, split="train"))`.

    Attributes:
        reserved: Words that stand for images to the processor of the model.
    """

    reserved: tuple[str, ...] = IMAGE_TOKENS

    def __post_init__(self) -> None:
        check_settings(self, words=("reserved",))

    @property
    def format(self) -> str:
        """The name of the format."""
        return "trl"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: image tokens in its texts, an answer before the last that is to be trained on."""
        yield from no_web_images(row)
        yield from reserved_words(row, self.reserved)
        *earlier, last = (turn for turn in row.asked if turn.role == "assistant")
        if last.weight == 0 or any(turn.weight != 0 for turn in earlier):
            yield "TRL trains on the last answer of a row alone; set weight 1 for it and 0 for the others"

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write parquet shards, and the README by which `datasets` finds them."""
        write_parquet_splits(rows, folder, _cells, _FEATURES)

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the rows of the shards."""
        return parse_parquet_splits(
            folder, lambda row: parsed_messages([*row["prompt"], *row["completion"]], row["images"])
        )

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)


def _cells(row: Row) -> dict[str, Any]:
    *prompt, completion = message_cells(row, row.turns)
    return {"prompt": prompt, "completion": [completion], "images": [image_cell(image) for image in row.images]}


def _turns(row: dict[str, Any]) -> list[ParsedTurn]:
    return parsed_messages([*row["prompt"], *row["completion"]], row["images"])
