"""The question and annotation files of COCO-VQA, VQAv2 and data sets that follow them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

import orjson

from vqaft.data.example import VQAExample
from vqaft.data.loaders.columns import answers_of, text_of
from vqaft.data.loaders.tables import image_inside
from vqaft.errors import DataError


def load_coco_vqa(
    questions: str | PathLike[str],
    *,
    images: str | PathLike[str],
    annotations: str | PathLike[str] | None = None,
    image_name: str | None = None,
) -> Iterator[VQAExample]:
    """Read a question file, with the answers of an annotation file where there is one.

    All acceptable answers are kept with their repetitions (VQAv2 has ten people's), the most chosen first.

    Args:
        questions: The JSON file with `questions`: each a `question_id`, an `image_id` and a `question`.
        images: The folder of the images.
        annotations: The JSON file with `annotations`: for each `question_id` its `answers`.
        image_name: How an image's file name is made of its number, e.g. `"{image_id:012}.jpg"`. By default COCO's
            own, `COCO_train2014_{image_id:012}.jpg`, with the part that the question file names.

    Yields:
        The examples, in the order of the questions; their ids are the question ids.

    Raises:
        DataError: If a file is not of this form, or a question has no annotation; with the file.
        ImageError: If an image is missing or outside the folder.
    """
    path, root = Path(questions), Path(images).resolve()
    content = _content(path, "questions")
    answers = {} if annotations is None else _answers(Path(annotations))
    name = image_name or f"COCO_{content.get('data_subtype', 'train2014')}_{{image_id:012}}.jpg"
    for question in content["questions"]:
        try:
            annotation = answers[question["question_id"]] if annotations is not None else {}
            image = image_inside(root, name.format(image_id=question["image_id"]))
            yield _example(question, annotation, image)
        except KeyError as error:
            what = f"question {question.get('question_id')!r} has no {error}"
            raise DataError(what if annotations is None else f"{what} or annotation", path=path) from None
        except DataError as error:
            error.path, error.example_id = error.path or str(path), str(question["question_id"])
            raise


def _example(question: Mapping[str, Any], annotation: Mapping[str, Any], image: str) -> VQAExample:
    answers = answers_of(annotation.get("answers", []))
    first = text_of(annotation.get("multiple_choice_answer"))
    return VQAExample(
        id=str(question["question_id"]),
        image=image,
        question=question["question"],
        answers=tuple(sorted(answers, key=lambda answer: answer != first)) or ((first,) if first else ()),
        question_type=annotation.get("question_type"),
        metadata={key: annotation[key] for key in ("answer_type",) if key in annotation},
    )


def _answers(path: Path) -> dict[Any, Mapping[str, Any]]:
    try:
        return {annotation["question_id"]: annotation for annotation in _content(path, "annotations")["annotations"]}
    except (KeyError, TypeError):
        raise DataError("an annotation has no question_id", path=path) from None


def _content(path: Path, key: str) -> Mapping[str, Any]:
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise DataError(f"the file is no JSON: {error}", path=path) from None
    if not isinstance(content, dict) or not isinstance(content.get(key), list):
        there = ", ".join(map(repr, content)) if isinstance(content, dict) else "a list"
        raise DataError(f"the file has no list {key!r}; there is {there}", path=path)
    if not content[key]:
        raise DataError(f"the list {key!r} is empty", path=path)
    return content
