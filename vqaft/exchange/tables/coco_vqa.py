"""COCO-VQA: the question and annotation files of VQAv2, with images named by number.

The evaluation script counts an answer as right in proportion to how many of the annotators gave it, other annotators
than the one compared with, and three are enough. So each answer is repeated until it counts fully.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from os import PathLike
from typing import Any

import orjson

from vqaft.data import VQAExample
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import no_history, one_image, only_examples
from vqaft.exchange.rows import Row
from vqaft.exchange.split_files import by_split
from vqaft.images import EncodedImage

_ANNOTATORS = 10
_ENOUGH = 4  # three that agree, beside the one compared with
_NO_TYPE = "none"


@dataclass(frozen=True, kw_only=True)
class CocoVQA:
    """Files that the tools around VQAv2 read: `train_questions.json`, `train_annotations.json` and JPEG images."""

    @property
    def format(self) -> str:
        """The name of the format."""
        return "coco-vqa"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: anything but one JPEG image, one question and its answers."""
        yield from only_examples(row)
        yield from no_history(row)
        yield from one_image(row)
        if any(image.mime != "image/jpeg" for image in row.images):
            yield 'the image is not JPEG, as the names of COCO-VQA have it: set ImageEncoder(format="jpeg")'

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write two JSON files a split, and the images."""
        numbers: dict[str, int] = {}
        questions = itertools.count(1)
        for split, group in by_split(rows):
            with ExitStack() as stack:
                asked = stack.enter_context(folder.create(f"{split}_questions.json"))
                answered = stack.enter_context(folder.create(f"{split}_annotations.json"))
                asked.write(b'{"data_type":"mscoco","data_subtype":%s,"questions":' % orjson.dumps(split))
                answered.write(b'{"data_type":"mscoco","data_subtype":%s,"annotations":' % orjson.dumps(split))
                opening = b"[\n"
                for row in group:
                    image_id = _image_id(row.images[0], numbers, folder)
                    ids = {"image_id": image_id, "question_id": next(questions)}
                    asked.write(opening + orjson.dumps({**ids, "question": row.examples[0].question}))
                    answered.write(opening + orjson.dumps({**ids, **_annotation(row.examples[0])}))
                    opening = b",\n"
                asked.write(b"\n]}\n")
                answered.write(b"\n]}\n")

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the questions and their annotations."""
        for split, name in folder.splits("{split}_questions.json"):
            annotations = folder.read_json(f"{split}_annotations.json")["annotations"]
            by_id = {annotation["question_id"]: annotation for annotation in annotations}
            for question in folder.read_json(name)["questions"]:
                yield split, _example(question, by_id[question["question_id"]], folder)

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)


def _image_id(image: EncodedImage, numbers: dict[str, int], folder: ExportFolder) -> int:
    if image.sha256 not in numbers:
        numbers[image.sha256] = len(numbers) + 1
        folder.write(_file_name(numbers[image.sha256]), image.data)
    return numbers[image.sha256]


def _file_name(image_id: int) -> str:
    return f"images/{image_id:012}.jpg"


def _annotation(example: VQAExample) -> dict[str, Any]:
    answers = list(example.answers)
    if len(answers) < _ANNOTATORS:
        each = max(_ENOUGH, -(-_ANNOTATORS // len(answers)))
        answers = [answer for answer in answers for _ in range(each)]
    return {
        "question_type": example.question_type or _NO_TYPE,
        "answer_type": _answer_type(example.answer),
        "multiple_choice_answer": example.answer,
        "answers": [
            {"answer_id": number, "answer": answer, "answer_confidence": "yes"}
            for number, answer in enumerate(answers, start=1)
        ],
    }


def _answer_type(answer: str) -> str:
    if answer.strip().casefold() in {"yes", "no"}:
        return "yes/no"
    return "number" if re.fullmatch(r"\s*[\d.,]+\s*", answer) else "other"


def _example(question: Mapping[str, Any], annotation: Mapping[str, Any], folder: ExportFolder) -> VQAExample:
    given = [each["answer"] for each in annotation["answers"]]
    kind = annotation["question_type"]
    return VQAExample(
        images=[folder.image(_file_name(question["image_id"]))],
        id=str(question["question_id"]),
        question=question["question"],
        answers=tuple(dict.fromkeys([annotation["multiple_choice_answer"], *given])),
        question_type=None if kind == _NO_TYPE else kind,
    )
