"""Which column of a table holds what, and one row → its examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from vqaft.data.example import VQAExample
from vqaft.data.loaders.cells import answers_of, images_of, list_of, plain_of, text_of
from vqaft.errors import DataError, shown
from vqaft.typed import typed

Unanswered = Literal["refuse", "skip", "keep"]


@dataclass(frozen=True, kw_only=True)
@typed
class Columns:
    """Names of the columns that make up an example.

    A question column that holds lists stands for several pairs about the same image; its answer column then holds a
    list of the same length. An answer column that holds a list beside a single question stands for several acceptable
    answers, and an image column that holds a list for several images.

    Attributes:
        image: The image: a path, a URL, the bytes of a file, a PIL image, a Hugging Face image dict, or a list of
            these. A tuple of names stands for several images in several columns.
        question: The question, or a list of questions.
        answer: The answer, a list of acceptable answers, or one of these for each question; None for unlabeled data.
        id: What identifies the row; None to count rows. Rows of several questions get `-0`, `-1` … appended.
        question_type: The question's type, if a column says it; surrounding blanks are removed.
        group: What must not be split between training and test, if a column says it, e.g. the patient.
        metadata: Columns to carry along.
        unanswered: What to do with a question whose answer is missing or blank: refuse the data, leave the pair out,
            or keep it without an answer.

    Raises:
        DataError: If a name is not a string, or `unanswered` is none of its three values.
    """

    image: str | tuple[str, ...] = "image"
    question: str = "question"
    answer: str | None = "answer"
    id: str | None = None
    question_type: str | None = None
    group: str | None = None
    metadata: tuple[str, ...] = ()
    unanswered: Unanswered = "refuse"

    def __post_init__(self) -> None:
        if not self.image_columns:
            raise DataError(f"image is {shown(self.image)}, not the name of a column, or a tuple of names")

    @property
    def image_columns(self) -> tuple[str, ...]:
        """The columns that hold images, in order."""
        return self.image if isinstance(self.image, tuple) else (self.image,)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every column that a row must have."""
        single = (*self.image_columns, self.question, self.answer, self.id, self.question_type, self.group)
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
            raise DataError(
                f"no column {', '.join(map(repr, missing))}; the columns are {listed(row)}",
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

_PLAIN_NAMES: dict[str, tuple[str, ...]] = {
    "image": ("image", "images", "img", "image_path", "image_file", "file_name", "filename", "file", "picture", "page"),
    "question": ("question", "questions", "query", "prompt", "instruction", "prefix"),
    "answer": ("answer", "answers", "response", "completion", "target", "suffix", "label"),
    "id": ("id", "question_id", "example_id", "qid", "uid"),
    "question_type": ("question_type",),
    "group": ("group",),
}


def plain_columns(names: Iterable[object]) -> Columns:
    """Find the columns of a table by their names, where these are plain.

    Case and surrounding blanks do not count. `image`, `question` and `answer` come before their other usual names; of
    these only one may be there. Every other column becomes metadata.

    Args:
        names: The names of the columns.

    Raises:
        DataError: If no column, or more than one, can be meant; the message names the columns there are.
    """
    known = [name for name in names if isinstance(name, str)]
    found = {role: _plain_name(role, known) for role in _PLAIN_NAMES}
    missing = [role for role in ("image", "question", "answer") if found[role] is None]
    if missing:
        hint = "Say which column holds what with columns=Columns(...)."
        raise DataError(f"no column {', '.join(map(repr, missing))}; the columns are {listed(known)}", hint=hint)
    named: dict[str, Any] = {role: name for role, name in found.items() if name is not None}
    taken = set(named.values())
    return Columns(**named, metadata=tuple(name for name in known if name not in taken and name.strip()))


def _plain_name(role: str, names: list[str]) -> str | None:
    usual = _PLAIN_NAMES[role]
    fitting = [name for name in names if name.strip().casefold() in usual]
    first = [name for name in fitting if name.strip().casefold() == usual[0]]
    if len(fitting) > 1 and not first and role in {"image", "question", "answer"}:
        hint = f"Say which one with columns=Columns({role}=…)."
        raise DataError(f"the {role} can be in {listed(fitting)}", hint=hint)
    return next(iter(first or fitting), None)


def listed(names: Iterable[object]) -> str:
    """Return names for a message, the first 20 of them."""
    known = [shown(name) for name in names]
    more = f" and {len(known) - 20} more" if len(known) > 20 else ""  # noqa: PLR2004
    return (", ".join(known[:20]) or "none at all") + more


def read_row(row: Mapping[str, Any], columns: Columns, *, row_id: str) -> Iterator[VQAExample]:
    """Build the examples of one row.

    Args:
        row: The row's values by column name.
        columns: Which column holds what.
        row_id: What to call the row if no column identifies it.

    Yields:
        An example for each question of the row that has an answer, or as `columns.unanswered` says.

    Raises:
        DataError: If a column is missing, a value has the wrong form, or an answer is missing.
    """
    columns.check(row)
    name = row_id
    try:
        name = row_id if columns.id is None else text_of(row[columns.id], "id") or row_id
        images = tuple(image for column in columns.image_columns for image in images_of(row[column]))
        group = None if columns.group is None else text_of(row[columns.group], "group") or None
        metadata = {column: plain_of(row[column]) for column in columns.metadata}
        for suffix, question, answer, question_type in _pairs(row, columns):
            answers = answers_of(answer)
            if not answers and _is_left_out(columns, f"{name}{suffix}"):
                continue
            yield VQAExample(
                id=f"{name}{suffix}",
                images=images,
                question=text_of(question, "question"),
                answers=answers,
                question_type=text_of(question_type, "question type") or None,
                group=group,
                metadata=metadata,
            )
    except DataError as error:
        error.example_id = error.example_id or name
        raise


def _is_left_out(columns: Columns, example_id: str) -> bool:
    """Return whether a pair without an answer is left out; raise if it is refused."""
    if columns.answer is not None and columns.unanswered == "refuse":
        hint = 'Columns(unanswered="skip") leaves such pairs out.'
        raise DataError("the answer is missing", example_id=example_id, hint=hint)
    return columns.answer is not None and columns.unanswered == "skip"


def _pairs(row: Mapping[str, Any], columns: Columns) -> Iterator[tuple[str, Any, Any, Any]]:
    question = row[columns.question]
    answer = None if columns.answer is None else row[columns.answer]
    question_type = None if columns.question_type is None else row[columns.question_type]
    questions = list_of(question)
    if questions is None:
        yield "", question, answer, question_type
        return
    answers = [None] * len(questions) if columns.answer is None else list_of(answer)
    types = list_of(question_type) or [question_type] * len(questions)
    for what, values in ((columns.answer, answers), (columns.question_type, types)):
        if values is None or len(values) != len(questions):
            raise DataError(f"column {what!r} does not hold one value for each question")
    for index, pair in enumerate(zip(questions, answers or (), types, strict=True)):
        yield f"-{index}", *pair


def without_case(columns: Columns, names: Iterable[object]) -> Columns:
    """Return the columns with their names spelled as the table spells them, where only case and blanks differ."""
    there = [name for name in names if isinstance(name, str)]
    plain = {name.strip().casefold(): name for name in reversed(there)}

    def spelled(name: str) -> str:
        return name if name in there else plain.get(name.strip().casefold(), name)

    single = ("question", "answer", "id", "question_type", "group")
    found: dict[str, Any] = {field: spelled(name) for field in single if (name := getattr(columns, field)) is not None}
    return replace(
        columns,
        image=tuple(map(spelled, columns.image_columns)),
        metadata=tuple(map(spelled, columns.metadata)),
        **found,
    )
