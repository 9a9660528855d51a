"""Rows of Hugging Face data sets become examples, their pixels untouched."""

from __future__ import annotations

import io
import pickle
from typing import Any

import datasets
import pytest
from PIL import Image

from tests.data.pictures import picture
from vqaft.data import OCR_VQA, VQA_RAD, Columns, DatasetSplitter, load_hf
from vqaft.errors import DataError, ImageError
from vqaft.images import image_sha256

ROW = {"image": "a.png", "question": "What is it?", "answer": "A cat"}


def png(color: str = "red") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8), color).save(file, "PNG")
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


def data_set(*images: bytes | None) -> Any:
    values = {
        "image": [image and {"bytes": image, "path": None} for image in images],
        "question": ["What is it?"] * len(images),
        "answer": ["red"] * len(images),
    }
    features = datasets.Features(
        image=datasets.Image(), question=datasets.Value("string"), answer=datasets.Value("string")
    )
    return datasets.Dataset.from_dict(values, features=features)


def test_images_of_a_stream_are_not_decoded() -> None:
    rows = data_set(b"not even an image").to_iterable_dataset()
    [example] = load_hf(rows, columns=VQA_RAD, prefix="train-")
    assert (example.id, example.image) == ("train-0", b"not even an image")


def test_images_of_a_data_set_stay_there() -> None:
    rows = data_set(png("red"), b"not even an image", png("blue")).select([2, 1, 0])
    examples = list(load_hf(rows, columns=VQA_RAD))
    assert [example.id for example in examples] == ["0", "1", "2"]
    first: Any = examples[0].image
    assert first == {"bytes": png("blue"), "path": None}
    assert repr(first) == "DatasetImage(column='image', row=0)"
    assert len(first) == 2
    assert image_sha256(examples[2].image) == image_sha256(png("red"))
    assert image_sha256(pickle.loads(pickle.dumps(examples))[0].image) == image_sha256(png("blue"))  # noqa: S301


@pytest.mark.parametrize("streaming", [False, True])
def test_a_format_that_was_set_does_not_matter(*, streaming: bool) -> None:
    rows: Any = datasets.Dataset.from_dict(
        {"image": ["a.png"], "questions": [["a?", "b?"]], "answers": [["1", "2"]]}
    ).with_format("numpy")
    found = load_hf(
        rows.to_iterable_dataset() if streaming else rows, columns=Columns(question="questions", answer="answers")
    )
    assert [(each.id, each.question, each.answer) for each in found] == [("0-0", "a?", "1"), ("0-1", "b?", "2")]


def test_a_data_set_can_be_split() -> None:
    examples = list(load_hf(data_set(*map(picture, range(30))), columns=VQA_RAD))
    split = DatasetSplitter(train=20, validation=3, test=7).split(examples)
    assert split.report.ok


def test_an_image_that_a_data_set_lacks() -> None:
    [example] = load_hf(data_set(None), columns=VQA_RAD)
    with pytest.raises(ImageError):
        image_sha256(example.image)


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        ([], Columns(), "there are no rows"),
        ([ROW], Columns(question="text"), "no column 'text'; the columns are 'image', 'question', 'answer'"),
        ([{**ROW, "answer": None}], Columns(), "example '0': the answer is missing"),
        ([{**ROW, "image": None}], Columns(), "example '0'|the image is missing"),
        ([{**ROW, "question": ["a", "b"], "answer": ["c"]}], Columns(), "one value for each question"),
        (["train"], Columns(), "a row is .train., not a mapping"),
    ],
)
def test_refuses(rows: list[Any], columns: Columns, message: str) -> None:
    with pytest.raises(DataError, match=message):
        list(load_hf(rows, columns=columns))


def test_unanswered_pairs_can_be_kept() -> None:
    [example] = load_hf([{**ROW, "answer": " "}], columns=Columns(unanswered="keep"))
    assert example.answers == ()
