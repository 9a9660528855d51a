"""The types of a domain's questions: by exact text, by pattern, or by a column."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

from vqaft.data.example import VQAExample
from vqaft.errors import DataError

TypeRule: TypeAlias = Callable[[VQAExample], str | None]
"""Tells the type of an example's question: one of the rules here, or any function."""


def with_types(examples: Iterable[VQAExample], rule: TypeRule) -> Iterator[VQAExample]:
    """Set the question types of examples by a rule.

    Args:
        examples: The examples; they are not changed.
        rule: Tells the type of each.

    Yields:
        Copies with their types.
    """
    for example in examples:
        yield replace(example, question_type=rule(example))


@dataclass(frozen=True)
class TypeByText:
    """Goes by the exact text of the question.

    Attributes:
        questions: The questions of each type.
        other: The type of all other questions; None for no type.
    """

    questions: Mapping[str, tuple[str, ...]]
    other: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "questions", MappingProxyType({k: tuple(v) for k, v in self.questions.items()}))

    def __call__(self, example: VQAExample) -> str | None:
        """Tell the type of an example's question."""
        return next((name for name, texts in self.questions.items() if example.question in texts), self.other)


@dataclass(frozen=True)
class TypeByPattern:
    """Goes by regular expressions that are searched in the question, without regard to case; the first that fits wins.

    Attributes:
        patterns: The pattern of each type, in order.
        other: The type of all other questions; None for no type.
    """

    patterns: Mapping[str, str]
    other: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "patterns", MappingProxyType(dict(self.patterns)))
        for name, pattern in self.patterns.items():
            try:
                re.compile(pattern)
            except re.error as error:
                raise DataError(f"the pattern {pattern!r} of type {name!r} is no regular expression: {error}") from None

    def __call__(self, example: VQAExample) -> str | None:
        """Tell the type of an example's question."""
        fits = (name for name, pattern in self.patterns.items() if re.search(pattern, example.question, re.IGNORECASE))
        return next(fits, self.other)


@dataclass(frozen=True)
class TypeByColumn:
    """Goes by a metadata column; blanks around its values are dropped.

    Attributes:
        column: The name of the column.
    """

    column: str

    def __call__(self, example: VQAExample) -> str | None:
        """Tell the type of an example's question.

        Raises:
            DataError: If the column is not there; the message names those that are.
        """
        if self.column not in example.metadata:
            there = ", ".join(map(repr, example.metadata)) or "none"
            hint = "Carry the column along with Columns(metadata=(…,))."
            raise DataError(f"no metadata {self.column!r}; there is {there}", example_id=example.id, hint=hint)
        value = example.metadata[self.column]
        return None if value is None else str(value).strip() or None


OCR_VQA_TYPES = TypeByText(
    {
        "Title": ("What is the title of this book?",),
        "Genre": ("What is the genre of this book?", "What type of book is this?"),
        "Author": ("Who wrote this book?", "Who is the author of this book?"),
    },
    other="Other",
)
"""The types of OCR-VQA's questions about book covers, as OpenAI's cookbook notebook sorts them."""
