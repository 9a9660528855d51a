"""pydantic-evals: a JSON dataset of cases whose inputs are a question and image paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

import orjson

from vqaft.data import VQAExample
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import no_few_shot, no_history, no_web_images, one_question
from vqaft.exchange.rows import Row
from vqaft.exchange.split_files import by_split
from vqaft.exchange.target import check_settings

_FIELDS = ("question_type", "kind", "group")


@dataclass(frozen=True, kw_only=True)
class PydanticEvals:
    """Evaluation cases of pydantic-evals: `Dataset[dict, str, dict].from_file(f"{folder}/test.json")`.

    The inputs of a case are `question`, `images` (paths relative to the folder) and, where the builder has one,
    `system`; the expected output is the answer, and all answers stand in the metadata.

    Attributes:
        name: The dataset's name.
        evaluators: Names of the evaluators that run on every case.
    """

    name: str = "vqaft"
    evaluators: tuple[str, ...] = ("EqualsExpected",)

    def __post_init__(self) -> None:
        check_settings(self, texts=("name",), words=("evaluators",))

    @property
    def format(self) -> str:
        """The name of the format."""
        return "pydantic-evals"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: few-shot examples, several questions."""
        yield from no_web_images(row)
        yield from no_few_shot(row)
        yield from one_question(row)
        yield from no_history(row)

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write a dataset a split, and the images."""
        head = b'{"name":' + orjson.dumps(self.name) + b',"cases":'
        tail = b',"evaluators":' + orjson.dumps(self.evaluators) + b"}"
        for split, group in by_split(rows):
            cases = (_case(row, folder) for row in group)
            folder.write_json_list(f"{split}.json", cases, head=head, tail=tail)

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the datasets."""
        for split, name in folder.splits("{split}.json"):
            for number, case in enumerate(folder.read_json(name)["cases"]):
                yield split, _example(case, folder, str(number))

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)


def _case(row: Row, folder: ExportFolder) -> dict[str, Any]:
    (example,) = row.examples
    system = {} if row.system is None else {"system": row.system}
    images = [folder.write_image(image) for image in row.images]
    fields = {name: value for name in _FIELDS if (value := getattr(example, name)) is not None}
    return {
        "name": example.id,
        "inputs": {**system, "question": row.asked[0].text, "images": images},
        "expected_output": row.asked[1].text,
        "metadata": {"answers": list(example.answers), **fields, "metadata": dict(example.metadata)},
    }


def _example(case: Mapping[str, Any], folder: ExportFolder, number: str) -> VQAExample:
    metadata = case.get("metadata") or {}
    return VQAExample(
        images=[folder.image(name) for name in case["inputs"]["images"]],
        id=case.get("name") or number,
        question=case["inputs"]["question"],
        answers=tuple(metadata.get("answers") or [case["expected_output"]]),
        question_type=metadata.get("question_type"),
        kind=metadata.get("kind"),
        group=metadata.get("group"),
        metadata=metadata.get("metadata") or {},
    )
