"""Rows of Hugging Face data sets become examples, their pixels untouched."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import datasets
import pytest
from PIL import Image

from vqaft.data import OCR_VQA, VQA_RAD, Columns, load_hf
from vqaft.errors import DataError

ROW = {"image": "a.png", "question": "What is it?", "answer": "A cat"}


def png(colour: str = "red") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("answer", "answers"),
    [
        (7, ("7",)),
        (7.0, ("7",)),
        (" Yes ", ("Yes",)),
        (["a", "b", "b"], ("b", "b", "a")),
        ([{"answer": "net", "answer_id": 1}, {"answer": "nets", "answer_id": 2}], ("net", "nets")),
    ],
)
def test_answers(answer: object, answers: tuple[str, ...]) -> None:
    [example] = load_hf([{**ROW, "answer": answer}], columns=VQA_RAD)
    assert example.answers == answers


def test_lists_become_pairs_of_one_image() -> None:
    row = {
        "image": {"bytes": png(), "path": None},
        "questions": ["Who wrote this book?", "What is the title of this book?"],
        "answers": ["", "Sunrise"],
        "image_id": 17,
        "title": "Sunrise",
        "authorName": None,
        "genre": "Novels",
    }
    [example] = load_hf([row], columns=OCR_VQA)
    assert (example.id, example.question, example.answer) == ("17-1", "What is the title of this book?", "Sunrise")
    assert example.image == png()
    assert example.metadata == {"title": "Sunrise", "authorName": None, "genre": "Novels"}


@pytest.mark.parametrize("streaming", [False, True])
def test_image_columns_of_a_data_set_are_not_decoded(tmp_path: Path, *, streaming: bool) -> None:
    values = {"image": [{"bytes": png(), "path": None}], "question": ["What is it?"], "answer": ["red"]}
    features = datasets.Features(
        image=datasets.Image(), question=datasets.Value("string"), answer=datasets.Value("string")
    )
    rows: Any = datasets.Dataset.from_dict(values, features=features)
    [example] = load_hf(rows.to_iterable_dataset() if streaming else rows, columns=VQA_RAD, prefix="train-")
    assert (example.id, example.image) == ("train-0", png())


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        ([], Columns(), "there are no rows"),
        ([ROW], Columns(question="text"), "no column 'text'; the columns are 'image', 'question', 'answer'"),
        ([{**ROW, "answer": None}], Columns(), "example '0': the answer is missing"),
        ([{**ROW, "image": None}], Columns(), "example '0'|the image is missing"),
        ([{**ROW, "question": ["a", "b"], "answer": ["c"]}], Columns(), "one value for each question"),
        (["train"], Columns(), "row 0 is no mapping"),
    ],
)
def test_refuses(rows: list[Any], columns: Columns, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(load_hf(rows, columns=columns))


def test_unanswered_pairs_can_be_kept() -> None:
    [example] = load_hf([{**ROW, "answer": " "}], columns=Columns(unanswered="keep"))
    assert example.answers == ()
