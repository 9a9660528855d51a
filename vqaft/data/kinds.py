"""Closed or open: said by the data, never by a judge."""

from __future__ import annotations

from typing import Literal, TypeAlias

from vqaft.data.example import VQAExample

QuestionKind: TypeAlias = Literal["closed", "open"]

BINARY_ANSWERS = frozenset({"yes", "no"})


def question_kind(example: VQAExample) -> QuestionKind:
    """Tell whether an example's question is closed (its true answer is yes or no) or open.

    Args:
        example: An example with at least one answer.

    Returns:
        `"closed"` or `"open"`.
    """
    return "closed" if example.answer.strip().casefold() in BINARY_ANSWERS else "open"
