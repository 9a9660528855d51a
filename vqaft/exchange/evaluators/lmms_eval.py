"""lmms-eval: a task of its own, as YAML and Python beside a parquet table.

Read from version 0.7.3: `TaskManager(include_path=folder)` finds the task; paths of data files are relative to the
directory that it is started in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from typing import Any

import yaml

from vqaft.data import VQAExample
from vqaft.errors import DataError
from vqaft.exchange.cells import EXAMPLE_FEATURES, example_cells, example_of_cells
from vqaft.exchange.folder import ExportFolder, prefixed
from vqaft.exchange.parquet import IMAGE, TEXT, image_cell, list_of, read_shards, write_shards
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import no_history, only_examples
from vqaft.exchange.rows import Row
from vqaft.exchange.split_files import by_split
from vqaft.exchange.target import check_settings

_FEATURES = {"images": list_of(IMAGE), "prompt": TEXT, **EXAMPLE_FEATURES}

_FUNCTIONS = '''"""Functions of the task; change `process_results` for another rule of what is right."""


def doc_to_visual(doc):
    return [image.convert("RGB") for image in doc["images"]]


def doc_to_text(doc, lmms_eval_specific_kwargs=None):
    return doc["prompt"]


def process_results(doc, results):
    given = " ".join(results[0].split()).casefold()
    return {"exact_match": float(any(given == " ".join(answer.split()).casefold() for answer in doc["answers"]))}
'''


@dataclass(frozen=True, kw_only=True)
class LmmsEval:
    """A task of lmms-eval: `lmms-eval --include_path <folder> --tasks <name>`.

    Attributes:
        name: The name of the task; with several splits `<name>_<split>`.
        root: The folder that the export will lie in on the machine that evaluates. Without it lmms-eval must be
            started in the folder.
        max_new_tokens: The longest answer.

    Raises:
        DataError: If the name is not made of letters, digits, `_` and `-`, or the longest answer is below 1.
    """

    name: str = "vqaft"
    root: str = ""
    max_new_tokens: int = 64

    def __post_init__(self) -> None:
        check_settings(self, texts=("name", "root"), counts=("max_new_tokens",))
        if not re.fullmatch(r"[\w-]+", self.name):
            raise DataError(f"the name {self.name!r} is not made of letters, digits, '_' and '-'")

    @property
    def format(self) -> str:
        """The name of the format."""
        return "lmms-eval"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: a system prompt, few-shot examples, several questions."""
        yield from only_examples(row)
        yield from no_history(row)

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write the table, the functions and a task for each split."""
        splits = []
        for split, group in by_split(rows):
            splits.append(split)
            write_shards(folder, split, map(_cells, group), _FEATURES)
        for split in splits:
            task = self.name if len(splits) == 1 else f"{self.name}_{split}"
            folder.write_text(f"{task}.yaml", self._task(task, split))
        folder.write_text("utils.py", _FUNCTIONS)

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the rows of the table."""
        for split, row in read_shards(folder):
            yield split, example_of_cells(row, [image["bytes"] for image in row["images"]])

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)

    def _task(self, task: str, split: str) -> str:
        values = {
            "task": task,
            "dataset_path": "parquet",
            "dataset_kwargs": {"data_files": {split: prefixed(self.root, f"data/{split}-*.parquet")}},
            "test_split": split,
            "output_type": "generate_until",
            "generation_kwargs": {"max_new_tokens": self.max_new_tokens, "temperature": 0},
            "metric_list": [{"metric": "exact_match", "aggregation": "mean", "higher_is_better": True}],
            "metadata": [{"version": 0.0}],
        }
        functions = "".join(
            f"{key}: !function utils.{name}\n"
            for key, name in (
                ("doc_to_visual", "doc_to_visual"),
                ("doc_to_text", "doc_to_text"),
                ("process_results", "process_results"),
            )
        )
        return yaml.safe_dump(values, sort_keys=False) + functions + 'doc_to_target: "{{answers[0]}}"\n'


def _cells(row: Row) -> dict[str, Any]:
    images = [image_cell(image) for image in row.images]
    return {"images": images, "prompt": row.asked[0].text, **example_cells(row.examples[0])}
