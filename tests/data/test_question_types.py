"""The types of a domain's questions."""

from __future__ import annotations

import pytest

from vqaft.data import OCR_VQA_TYPES, TypeByColumn, TypeByPattern, TypeByText, TypeRule, VQAExample, with_types
from vqaft.errors import DataError

EXAMPLE = VQAExample(
    id="1", image="a", question="How many cats?", answers=("2",), metadata={"phrase": " count ", "none": None}
)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (TypeByText({"count": ("How many cats?",)}), "count"),
        (TypeByText({"count": ("how many cats?",)}, other="rest"), "rest"),
        (TypeByPattern({"animal": "dog|cat", "count": "^how many"}), "animal"),
        (TypeByPattern({"count": "^how MANY", "animal": "dog|cat"}), "count"),
        (TypeByPattern({"plant": "tree"}), None),
        (TypeByColumn("phrase"), "count"),
        (TypeByColumn("none"), None),
        (lambda example: f"{len(example.question.split())} words", "3 words"),
    ],
)
def test_rules(rule: TypeRule, expected: str | None) -> None:
    [typed] = with_types([EXAMPLE], rule)
    assert typed.question_type == expected
    assert EXAMPLE.question_type is None


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What type of book is this?", "Genre"),
        ("Who wrote this book?", "Author"),
        ("What is the title of this book?", "Title"),
        ("Is this a comics book?", "Other"),
    ],
)
def test_ocr_vqa(question: str, expected: str) -> None:
    assert OCR_VQA_TYPES(VQAExample(id="1", image="a", question=question)) == expected


def test_refuses() -> None:
    with pytest.raises(DataError, match="no metadata 'organ'; there is 'phrase', 'none'"):
        TypeByColumn("organ")(EXAMPLE)
    with pytest.raises(DataError, match="of type 'a' is no regular expression"):
        TypeByPattern({"a": "("})
