"""Question and annotation files in COCO's form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.data.pictures import picture
from vqaft.data import load_coco_vqa
from vqaft.errors import DataError, ImageError

QUESTIONS: dict[str, Any] = {
    "data_subtype": "val2014",
    "questions": [{"question_id": 17001, "image_id": 17, "question": "What is it?"}],
}
ANNOTATIONS: dict[str, Any] = {
    "annotations": [
        {
            "question_id": 17001,
            "question_type": "what is",
            "answer_type": "other",
            "multiple_choice_answer": "net",
            "answers": [{"answer": answer, "answer_id": 1} for answer in ["nets", "net", "a net", "net", "nets"]],
        }
    ]
}


def files(folder: Path, questions: Any = QUESTIONS, annotations: Any = ANNOTATIONS) -> dict[str, Any]:
    (folder / "COCO_val2014_000000000017.jpg").write_bytes(picture(1))
    (folder / "q.json").write_text(json.dumps(questions), encoding="utf-8")
    (folder / "a.json").write_text(json.dumps(annotations), encoding="utf-8")
    return {"questions": folder / "q.json", "images": folder, "annotations": folder / "a.json"}


def test_all_answers_are_kept_the_chosen_one_first(tmp_path: Path) -> None:
    [example] = load_coco_vqa(**files(tmp_path))
    assert (example.id, example.question_type) == ("17001", "what is")
    assert example.metadata == {"answer_type": "other"}
    assert example.answers == ("net", "net", "nets", "nets", "a net")
    assert Path(str(example.image)).name == "COCO_val2014_000000000017.jpg"


def test_without_annotations_and_with_other_names(tmp_path: Path) -> None:
    paths = files(tmp_path)
    (tmp_path / "17.png").write_bytes(picture(2))
    [example] = load_coco_vqa(paths["questions"], images=tmp_path, image_name="{image_id}.png")
    assert example.answers == ()
    assert Path(str(example.image)).name == "17.png"


@pytest.mark.parametrize(
    ("questions", "annotations", "message"),
    [
        ([], ANNOTATIONS, r"q\.json: the file has no list 'questions'; there is \[\]"),
        ({"rows": []}, ANNOTATIONS, "no list 'questions'; there is 'rows'"),
        ({"questions": []}, ANNOTATIONS, "the list 'questions' is empty"),
        (
            {"questions": [{"question_id": 1, "image_id": 17, "question": "?"}]},
            ANNOTATIONS,
            "example .1.: the question has no annotation",
        ),
        ({"questions": [{"question_id": 17001, "question": "?"}]}, ANNOTATIONS, "has no 'image_id'"),
        (QUESTIONS, {"annotations": [{}]}, r"a\.json: an annotation has no question_id"),
    ],
)
def test_refuses(tmp_path: Path, questions: Any, annotations: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(load_coco_vqa(**files(tmp_path, questions, annotations)))


def test_refuses_a_missing_image(tmp_path: Path) -> None:
    paths = files(tmp_path)
    (tmp_path / "COCO_val2014_000000000017.jpg").unlink()
    with pytest.raises(ImageError, match=r"q\.json: example '17001': the image 'COCO_.*' is missing"):
        list(load_coco_vqa(**paths))


def test_refuses_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        list(load_coco_vqa(tmp_path / "q.json", images=tmp_path))
