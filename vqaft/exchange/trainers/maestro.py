"""maestro (Roboflow): a folder a split with images and `annotations.jsonl` of image, prefix and suffix.

Read from version 1.0.0: `maestro/trainer/common/datasets.py` looks for the splits train, valid and test.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from typing import Any

from vqaft.data import VQAExample
from vqaft.exchange.folder import ExportFolder, split_rank
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import no_history, no_zero_weights, one_image, only_examples
from vqaft.exchange.rows import Row
from vqaft.exchange.split_files import by_split

_FOLDERS = {"validation": "valid"}
_SPLITS = {"valid": "validation"}


@dataclass(frozen=True, kw_only=True)
class Maestro:
    """Training data of maestro: `maestro <model> train --dataset <folder>`."""

    @property
    def format(self) -> str:
        """The name of the format."""
        return "maestro"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: anything but one image, one question and its answer."""
        yield from only_examples(row)
        yield from no_history(row)
        yield from one_image(row)
        yield from no_zero_weights(row)

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write the images and the annotations of each split."""
        for split, group in by_split(rows):
            name = _FOLDERS.get(split, split)
            folder.write_jsonl(f"{name}/annotations.jsonl", (_values(row, name, folder) for row in group))

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the annotations."""
        found = ((_SPLITS.get(split, split), name) for split, name in folder.splits("{split}/annotations.jsonl"))
        for split, name in sorted(found, key=lambda pair: split_rank(pair[0])):
            for number, row in enumerate(folder.read_jsonl(name)):
                image = folder.image(name.replace("annotations.jsonl", row["image"]))
                yield (
                    split,
                    VQAExample(images=[image], id=str(number), question=row["prefix"], answers=(row["suffix"],)),
                )

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)


def _values(row: Row, name: str, folder: ExportFolder) -> dict[str, Any]:
    image = folder.write_image(row.images[0], below=name).removeprefix(f"{name}/")
    question, answer = row.asked
    return {"image": image, "prefix": question.text, "suffix": answer.text}
