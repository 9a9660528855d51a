"""VLMEvalKit: a TSV file with the images as base64, and the dataset class that reads and scores it.

Read from ms-vlmeval 0.0.20: `vlmeval/dataset/image_base.py`. Its own `CustomVQADataset` cannot score, and its reader
turns `None`, `N/A` and empty cells into missing values and `007` into 7; the exported class reads text as text.
"""

from __future__ import annotations

import csv
import io
import json
import keyword
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import pybase64

from vqaft.data import VQAExample
from vqaft.errors import DataError
from vqaft.exchange.cells import example_cells, example_of_cells
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import no_history, only_examples
from vqaft.exchange.rows import Row
from vqaft.exchange.split_files import by_split
from vqaft.exchange.target import check_settings

_COLUMNS = ("index", "image", "question", "answer", "category", "id", "kind", "group", "answers", "metadata", "asked")
_REFERENCE_CHARACTERS = 64  # a shorter image cell names an earlier row
_BLOCK_BYTES = 64_000_000  # of a TSV file in memory; the longest row must fit
_MISSING = frozenset(
    {"", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA"}
    | {"NULL", "NaN", "None", "n/a", "nan", "null"}
)

_CLASS = '''"""The dataset class of the exported tables: add it to `vlmeval.dataset.DATASET_CLASSES`."""

import json
from pathlib import Path

import pandas as pd
from vlmeval.dataset.image_base import ImageBaseDataset
from vlmeval.smp import load


class {name}(ImageBaseDataset):
    TYPE = "VQA"
    DATASET_URL = {urls}

    def load_data(self, dataset):
        table = Path(__file__).with_name(dataset + ".tsv")
        return pd.read_csv(table, sep="\\t", dtype=str, keep_default_na=False)

    def evaluate(self, eval_file, **judge_kwargs):
        answers = {{str(row["index"]): json.loads(row["answers"]) for _, row in self.data.iterrows()}}
        given = pd.DataFrame(load(eval_file))
        hits = [
            _plain(prediction) in [_plain(answer) for answer in answers[str(index)]]
            for index, prediction in zip(given["index"], given["prediction"])
        ]
        return pd.DataFrame({{"Overall": [100 * sum(hits) / max(1, len(hits))]}})


def _plain(text):
    return " ".join(str(text).split()).casefold()
'''


@dataclass(frozen=True, kw_only=True)
class VLMEvalKit:
    """An evaluation dataset of VLMEvalKit.

    Attributes:
        name: The name of the dataset and of its class; with several splits the datasets are `<name>_<split>`.

    Raises:
        DataError: If the name cannot be the name of a class.
    """

    name: str = "Vqaft"

    def __post_init__(self) -> None:
        check_settings(self, texts=("name",))
        if not self.name.isidentifier() or keyword.iskeyword(self.name):
            raise DataError(f"the name {self.name!r} cannot be the name of a Python class")

    @property
    def format(self) -> str:
        """The name of the format."""
        return "vlmevalkit"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: more than one question, texts that pandas takes for missing, NUL characters."""
        yield from only_examples(row)
        yield from no_history(row)
        for text in (turn.text for turn in row.asked):
            if text.strip() in _MISSING:
                yield f"a question or an answer is {text!r}, which VLMEvalKit reads as missing"
            if "\0" in text:
                yield "a question or an answer holds a NUL character, which a table cannot hold"

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write a TSV file a split, and the class."""
        datasets = []
        for split, group in by_split(rows):
            name = f"{self.name}_{split}"
            datasets.append(name)
            with folder.create(f"{name}.tsv") as file, io.TextIOWrapper(file, "utf-8", newline="") as text:
                table = csv.DictWriter(text, _COLUMNS, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_ALL)
                table.writeheader()
                table.writerows(_cells(group))
        urls = dict.fromkeys(datasets, "")
        folder.write_text(f"{self.name.lower()}_dataset.py", _CLASS.format(name=self.name, urls=json.dumps(urls)))

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the TSV files."""
        for split, name in folder.splits("*_{split}.tsv"):
            shown: dict[str, list[bytes]] = {}
            for row in _rows(folder, name):
                images = shown.get(row["image"]) or [pybase64.b64decode(each) for each in _images(row["image"])]
                shown[row["index"]] = images
                filled = {column: value or None for column, value in row.items()}
                values = {**filled, "answers": json.loads(row["answers"]), "question_type": filled["category"]}
                yield split, example_of_cells({**values, "question": row["asked"] or row["question"]}, images)

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)


def _cells(rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    written: dict[tuple[str, ...], int] = {}
    for number, row in enumerate(rows):
        (example,) = row.examples
        key = tuple(image.sha256 for image in row.images)
        first = written.setdefault(key, number)
        cells = example_cells(example)
        texts = {"question": row.asked[0].text, "answer": row.asked[1].text, "answers": json.dumps(cells["answers"])}
        shown = {"index": number, "image": first if first < number else _image_cell(row)}
        asked = "" if example.question == texts["question"] else example.question
        rest = {name: cells[name] or "" for name in ("id", "kind", "group", "metadata")}
        yield {**shown, **texts, **rest, "category": example.question_type or "", "asked": asked}


def _image_cell(row: Row) -> str:
    encoded = [pybase64.b64encode(image.data).decode() for image in row.images]
    return encoded[0] if len(encoded) == 1 else json.dumps(encoded)


def _images(cell: str) -> list[str]:
    images: list[str] = json.loads(cell) if cell.startswith("[") else [cell]
    return images


def _rows(folder: ExportFolder, name: str) -> Iterator[Mapping[str, str]]:
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    with folder.open(name) as file:
        reader = arrow_csv.open_csv(
            file,
            read_options=arrow_csv.ReadOptions(block_size=_BLOCK_BYTES),
            parse_options=arrow_csv.ParseOptions(delimiter="\t", newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(_COLUMNS, pa.string()), strings_can_be_null=False
            ),
        )
        for batch in reader:
            yield from batch.to_pylist()
