"""Closed or open: said by the data, never by a judge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from vqaft.data.example import QuestionKind, VQAExample
from vqaft.errors import DataError

KindRule: TypeAlias = Callable[[VQAExample], QuestionKind]
"""Tells the kind of an example's question: `question_kind`, `ClosedChoices(…)`, `FewValues.of(…)`, any function."""

BINARY_ANSWERS = frozenset({"yes", "no"})


def question_kind(example: VQAExample) -> QuestionKind:
    """Tell whether an example's question is closed or open.

    Args:
        example: An example with a kind, or with at least one answer.

    Returns:
        Its own kind where `with_kinds` has set one; else `"closed"` if its true answer is yes or no, `"open"` if not.
    """
    return example.kind or _closed_if(example.answer.strip().casefold() in BINARY_ANSWERS)


@dataclass(frozen=True)
class ClosedChoices:
    """A question is closed if its true answer is one of a fixed list, e.g. of grades.

    Attributes:
        choices: The answers that can be chosen, without regard to case.
    """

    choices: frozenset[str]

    def __init__(self, choices: Iterable[str]) -> None:
        object.__setattr__(self, "choices", frozenset(choice.strip().casefold() for choice in choices))

    def __call__(self, example: VQAExample) -> QuestionKind:
        """Tell the kind of an example's question."""
        return _closed_if(example.answer.casefold() in self.choices)


@dataclass(frozen=True, kw_only=True)
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
        """Tell the kind of an example's question."""
        return _closed_if(_key(example) in self.closed)


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
