"""Rules for the type of a question (by text, pattern or column) and its kind (closed or open)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeAlias

from vqaft.data.example import QuestionKind, VQAExample
from vqaft.errors import DataError, shown
from vqaft.serialization import reduce_by_fields
from vqaft.typed import typed, typed_call

KindRule: TypeAlias = Callable[[VQAExample], QuestionKind]
"""Returns the kind of an example's question: `question_kind`, `ClosedChoices(…)`, `FewValues.of(…)`, any function."""

BINARY_ANSWERS = frozenset({"yes", "no", "true", "false"})


def question_kind(example: VQAExample) -> QuestionKind:
    """Return whether an example's question is closed or open.

    Args:
        example: An example with a kind, or with at least one answer.

    Returns:
        Its own kind where `with_kinds` has set one; else `"closed"` if its true answer is yes or no, `"open"` if not.
    """
    return example.kind or _closed_if(example.answer.strip().rstrip(".!").casefold() in BINARY_ANSWERS)


@dataclass(frozen=True)
class ClosedChoices:
    """A question is closed if its true answer is one of a fixed list, e.g. of grades.

    Attributes:
        choices: The answers that can be chosen, without regard to case.
    """

    choices: frozenset[str]

    def __init__(self, choices: Iterable[str]) -> None:
        given: object = choices
        known = tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else ()
        if not known or not all(isinstance(choice, str) for choice in known):
            raise DataError(f"choices is {shown(choices)}, not strings to choose from")
        object.__setattr__(self, "choices", frozenset(choice.strip().casefold() for choice in known))

    def __call__(self, example: VQAExample) -> QuestionKind:
        """Return the kind of an example's question."""
        return _closed_if(example.answer.casefold() in self.choices)


@dataclass(frozen=True, kw_only=True)
@typed
class FewValues:
    """A question is closed if questions like it have few different answers in the data.

    Attributes:
        closed: The question types, or the questions where there is no type, that have few answers.
    """

    closed: frozenset[str]

    @classmethod
    def of(cls, examples: Iterable[VQAExample], *, at_most: int) -> FewValues:
        """Count the answers of each question type, or of each question where there is no type.

        Args:
            examples: The data to learn the rule from: training data, so that the test set decides nothing.
            at_most: How many different answers a closed question may have, without regard to case; at least 2.

        Raises:
            DataError: If `at_most` is below 2.
        """
        if at_most < 2:  # noqa: PLR2004 - a choice is between two
            raise DataError(f"at_most is {at_most}, but a choice is between 2 or more")
        answers = defaultdict(set)
        for example in examples:
            answers[_key(example)].add(example.answer.casefold())
        return cls(closed=frozenset(key for key, values in answers.items() if 1 < len(values) <= at_most))

    def __call__(self, example: VQAExample) -> QuestionKind:
        """Return the kind of an example's question."""
        return _closed_if(_key(example) in self.closed)


@typed_call
def with_kinds(examples: Iterable[VQAExample], rule: KindRule) -> Iterator[VQAExample]:
    """Set the kinds of examples by a rule, which splits, reports and evaluations then go by.

    Args:
        examples: The examples; they are not changed.
        rule: Tells the kind of each.

    Yields:
        Copies with their kinds.
    """
    for example in examples:
        yield replace(example, kind=rule(example))


def _key(example: VQAExample) -> str:
    return example.question_type or example.question.casefold()


def _closed_if(closed: bool) -> QuestionKind:  # noqa: FBT001 - private
    return "closed" if closed else "open"


TypeRule: TypeAlias = Callable[[VQAExample], str | None]
"""Returns the type of an example's question: one of the rules here, or any function."""


@typed_call
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
@typed
class TypeByText:
    """Goes by the exact text of the question.

    Attributes:
        questions: The questions of each type.
        other: The type of all other questions; None for no type.
    """

    questions: Mapping[str, tuple[str, ...]] = field(hash=False)
    other: str | None = None

    __reduce__ = reduce_by_fields

    def __post_init__(self) -> None:
        object.__setattr__(self, "questions", MappingProxyType(dict(self.questions)))

    def __call__(self, example: VQAExample) -> str | None:
        """Return the type of an example's question."""
        return next((name for name, texts in self.questions.items() if example.question in texts), self.other)


@dataclass(frozen=True)
@typed
class TypeByPattern:
    """Goes by regular expressions that are searched in the question, without regard to case; the first that fits wins.

    Attributes:
        patterns: The pattern of each type, in order.
        other: The type of all other questions; None for no type.
    """

    patterns: Mapping[str, str] = field(hash=False)
    other: str | None = None

    __reduce__ = reduce_by_fields

    def __post_init__(self) -> None:
        object.__setattr__(self, "patterns", MappingProxyType(dict(self.patterns)))
        for name, pattern in self.patterns.items():
            try:
                re.compile(pattern)
            except re.error as error:
                raise DataError(f"the pattern {pattern!r} of type {name!r} is no regular expression: {error}") from None

    def __call__(self, example: VQAExample) -> str | None:
        """Return the type of an example's question."""
        fits = (name for name, pattern in self.patterns.items() if re.search(pattern, example.question, re.IGNORECASE))
        return next(fits, self.other)


@dataclass(frozen=True)
@typed
class TypeByColumn:
    """Goes by a metadata column; blanks around its values are dropped.

    Attributes:
        column: The name of the column.
    """

    column: str

    def __call__(self, example: VQAExample) -> str | None:
        """Return the type of an example's question.

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
