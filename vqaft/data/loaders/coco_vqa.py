"""The question and annotation files of COCO-VQA, VQAv2 and datasets that follow them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from typing import Any

from vqaft.data.example import VQAExample
from vqaft.data.loaders.cells import answers_of, text_of
from vqaft.data.loaders.columns import listed
from vqaft.data.loaders.image_path import FindImage, image_finder, root_of
from vqaft.data.loaders.stream import ExampleStream, OnError, PlacedRow
from vqaft.data.loaders.tables import parse_json
from vqaft.data.loaders.text_files import unreadable
from vqaft.errors import DataError, ImageError, shown
from vqaft.filesystem import Location, location_of, read_bytes
from vqaft.typed import typed_call


@typed_call
def load_coco_vqa(
    questions: str | PathLike[str],
    *,
    images: str | PathLike[str],
    annotations: str | PathLike[str] | None = None,
    image_name: str | None = None,
    on_error: OnError = "raise",
) -> ExampleStream:
    """Read a question file, with the answers of an annotation file if there is one.

    All acceptable answers are kept with their repetitions (VQAv2 has ten people's), the most chosen first.

    Args:
        questions: The JSON file with `questions`: each a `question_id`, an `image_id` and a `question`.
        images: The folder of the images, or its URL.
        annotations: The JSON file with `annotations`: for each `question_id` its `answers`.
        image_name: How an image's file name is made from its number, e.g. `"{image_id:012}.jpg"`. By default COCO's
            own, `COCO_train2014_{image_id:012}.jpg`, with the part that the question file names.
        on_error: Whether bad rows raise an error that lists them all, or are skipped and counted; see `ExampleStream`.

    Returns:
        The examples, in the order of the questions; their ids are the question ids.

    Raises:
        DataError: If a file is not of this form, or a question has no annotation; with the file.
        ImageError: If an image is missing or outside the folder.
    """
    path = location_of(questions)
    find = image_finder(root_of(path, images))
    content = _content(path, "questions")
    answers = None if annotations is None else _annotations(location_of(annotations))
    name = image_name or f"COCO_{content.get('data_subtype', 'train2014')}_{{image_id:012}}.jpg"

    def examples_of(placed: PlacedRow, _: int) -> Iterator[VQAExample]:
        yield _example(placed.value, answers, find, name)

    rows = (PlacedRow(value=question, path=str(path)) for question in content["questions"])
    return ExampleStream(rows, examples_of, on_error=on_error)


def _example(
    question: Any, annotations: Mapping[str, Mapping[str, Any]] | None, find: FindImage, image_name: str
) -> VQAExample:
    if not isinstance(question, Mapping):
        raise DataError(f"a question is {shown(question)}, not an object")
    missing = [key for key in ("question_id", "image_id", "question") if key not in question]
    if missing:
        raise DataError(f"a question has no {', '.join(map(repr, missing))}; there is {listed(question)}")
    example_id = text_of(question["question_id"], "question_id")
    annotation: Mapping[str, Any] = {} if annotations is None else annotations.get(example_id, {})
    if annotations is not None and not annotation:
        raise DataError("the question has no annotation", example_id=example_id)
    try:
        answers = answers_of(annotation.get("answers", []))
        first = text_of(annotation.get("multiple_choice_answer"), "answer")
        return VQAExample(
            id=example_id,
            image=find(_named(image_name, question["image_id"])),
            question=text_of(question["question"], "question"),
            answers=tuple(sorted(answers, key=lambda answer: answer != first)) or ((first,) if first else ()),
            question_type=text_of(annotation.get("question_type"), "question type") or None,
            metadata={key: annotation[key] for key in ("answer_type",) if key in annotation},
        )
    except DataError as error:
        error.example_id = error.example_id or example_id
        raise


def _named(pattern: str, image_id: Any) -> str:
    try:
        return pattern.format(image_id=image_id)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        hint = "image_name is a pattern such as '{image_id:012}.jpg'."
        problem = f"no file name can be made from {shown(pattern)} and image_id {shown(image_id)}: {error}"
        raise ImageError(problem, hint=hint) from None


def _annotations(path: Location) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for annotation in _content(path, "annotations")["annotations"]:
        if not isinstance(annotation, Mapping) or "question_id" not in annotation:
            raise DataError("an annotation has no question_id", path=path)
        found[text_of(annotation["question_id"], "question_id")] = annotation
    return found


def _content(path: Location, key: str) -> Mapping[str, Any]:
    try:
        content = parse_json(read_bytes(path).decode("utf-8-sig"))
    except OSError as error:
        raise unreadable(error, path) from None
    except ValueError as error:
        raise DataError(f"the file is not JSON: {shown(str(error), 200)}", path=path) from None
    if not isinstance(content, dict) or not isinstance(content.get(key), list):
        there = listed(content) if isinstance(content, dict) else shown(content)
        raise DataError(f"the file has no list {key!r}; there is {there}", path=path)
    if not content[key]:
        raise DataError(f"the list {key!r} is empty", path=path)
    return content
