"""Which column of a table holds what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from vqaft.errors import DataError


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
