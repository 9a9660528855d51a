"""Which column of a table holds what.

One row of a table → its examples.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vqaft.data.example import VQAExample
from vqaft.errors import DataError
from vqaft.images import ImageSource


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Names the columns that make up an example.

    A question column that holds lists stands for several pairs of one image; its answer column then holds a list of
    the same length. An answer column that holds a list beside a single question stands for several acceptable answers.

    Attributes:
        image: The image: a path, a URL, the bytes of a file, a PIL image, or a Hugging Face image dict.
        question: The question, or a list of questions.
        answer: The answer, a list of acceptable answers, or one of these for each question; None for data without.
        id: What names the row; None to count rows. Rows of several questions get `-0`, `-1` … appended.
        question_type: The question's type, where a column says it; stripped of blanks.
        group: What must not be split between training and test, where a column says it, e.g. the patient.
        metadata: Columns to carry along.
        unanswered: What to do with a question whose answer is missing or blank: refuse the data, leave the pair out,
            or keep it without an answer.
    """

    image: str = "image"
    question: str = "question"
    answer: str | None = "answer"
    id: str | None = None
    question_type: str | None = None
    group: str | None = None
    metadata: tuple[str, ...] = ()
    unanswered: Literal["refuse", "skip", "keep"] = "refuse"

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that a row must have."""
        single = (self.image, self.question, self.answer, self.id, self.question_type, self.group)
        return (*(name for name in single if name is not None), *self.metadata)

    def check(self, row: Mapping[str, Any]) -> None:
        """Refuse a row that lacks a column.

        Args:
            row: Any row of the table, or a mapping with its column names as keys.

        Raises:
            DataError: If a column is missing; the message names the columns there are.
        """
        missing = [name for name in self.names if name not in row]
        if missing:
            there = ", ".join(map(repr, row)) or "none at all"
            raise DataError(
                f"no column {', '.join(map(repr, missing))}; the columns are {there}",
                hint="Say which column holds what with columns=Columns(...).",
            )


VQA_RAD = Columns()


"""`flaviagiammarino/vqa-rad` on the Hub: radiology, one pair a row."""


OCR_VQA = Columns(
    question="questions",
    answer="answers",
    id="image_id",
    metadata=("title", "authorName", "genre"),
    unanswered="skip",
)


"""`howard-hou/OCR-VQA` on the Hub: book covers, lists of questions and answers; some books have no known author."""


def read_row(row: Mapping[str, Any], columns: Columns, *, row_id: str) -> Iterator[VQAExample]:
    """Make the examples of one row.

    Args:
        row: The row's values by column name.
        columns: Which column holds what.
        row_id: What to call the row where no column names it.

    Yields:
        An example for each question of the row that has an answer, or as `columns.unanswered` says.

    Raises:
        DataError: If a column is missing, a value has the wrong form, or an answer is missing.
    """
    columns.check(row)
    name = row_id if columns.id is None else text_of(row[columns.id]) or row_id
    image = image_of(row[columns.image], name)
    group = None if columns.group is None else text_of(row[columns.group]) or None
    metadata = {column: row[column] for column in columns.metadata}
    for suffix, question, answer, question_type in _pairs(row, columns, name):
        example_id = f"{name}{suffix}"
        answers = answers_of(answer)
        if not answers and columns.answer is not None and columns.unanswered != "keep":
            if columns.unanswered == "skip":
                continue
            raise DataError(
                "the answer is missing", example_id=example_id, hint='Columns(unanswered="skip") leaves such pairs out.'
            )
        yield VQAExample(
            id=example_id,
            image=image,
            question=text_of(question),
            answers=answers,
            question_type=text_of(question_type) or None,
            group=group,
            metadata=metadata,
        )


def _pairs(row: Mapping[str, Any], columns: Columns, name: str) -> Iterator[tuple[str, Any, Any, Any]]:
    question = row[columns.question]
    answer = None if columns.answer is None else row[columns.answer]
    question_type = None if columns.question_type is None else row[columns.question_type]
    if not isinstance(question, list | tuple):
        yield "", question, answer, question_type
        return
    answers: Any = [None] * len(question) if columns.answer is None else answer
    types: Any = question_type if isinstance(question_type, list | tuple) else [question_type] * len(question)
    for what, values in ((columns.answer, answers), (columns.question_type, types)):
        if not isinstance(values, list | tuple) or len(values) != len(question):
            raise DataError(f"column {what!r} does not hold one value for each question", example_id=name)
    for index, values in enumerate(zip(question, answers, types, strict=True)):
        yield f"-{index}", *values


def text_of(value: Any) -> str:
    """Give a cell as text without surrounding blanks; what is missing (None, NaN) becomes empty."""
    if value is None or value != value:  # noqa: PLR0124 - NaN is what is not equal to itself
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def answers_of(value: Any) -> tuple[str, ...]:
    """Give the acceptable answers of a cell, the most frequent first; repetitions are kept, blanks are not.

    Args:
        value: An answer, or a list of answers, each a plain value or, as in VQAv2, a mapping with the key `answer`.
    """
    values = value if isinstance(value, list | tuple) else [value]
    texts = [text_of(item.get("answer") if isinstance(item, Mapping) else item) for item in values]
    known = [text for text in texts if text]
    counts = Counter(known)
    return tuple(sorted(known, key=lambda text: -counts[text]))


def image_of(value: Any, name: str) -> ImageSource:
    """Give the image of a cell; a Hugging Face dict becomes its bytes, or its path where it has none.

    Args:
        value: The cell.
        name: The row's id, for the error.

    Raises:
        DataError: If there is no image.
    """
    if isinstance(value, dict) and set(value) >= {"bytes", "path"}:
        value = value["bytes"] or value["path"]
    if value is None or (isinstance(value, str | bytes) and not value):
        raise DataError("the image is missing", example_id=name)
    return value  # type: ignore[no-any-return]
