"""The interface of a scorer: an answered example in, a score or a failure out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from vqaft.data import VQAExample
from vqaft.errors import EvaluationError
from vqaft.inference import split_reasoning
from vqaft.serialization import no_extra_fields
from vqaft.typed import typed


@dataclass(frozen=True, kw_only=True)
@typed
class AnsweredExample:
    """An example together with what a model answered: the one value that every scorer takes.

    Reasoning (`<think>…</think>` and the like) is removed from the answer here, so that no scorer sees it; what never
    leaves its reasoning is an empty answer. `Evaluator` counts such predictions, and refusals, as failures instead.

    Attributes:
        example: The example, with at least one answer that counts as right.
        answer: What the model said, without its reasoning; never missing, for a failed prediction does not reach a
            scorer.
    """

    example: VQAExample
    answer: str

    def __post_init__(self) -> None:
        answer, _ = split_reasoning(self.answer)
        if answer != self.answer:
            object.__setattr__(self, "answer", answer or "")


@no_extra_fields
@dataclass(frozen=True, kw_only=True, slots=True)
@typed
class Score:
    """A score between 0 and 1.

    Attributes:
        value: 0 (wrong) to 1 (right).
        reason: Why, in words.
        label: The level, where the scorer has levels, e.g. "Mostly Similar".

    Raises:
        EvaluationError: If the value lies outside 0 to 1, or is no number.
    """

    value: float
    reason: str = ""
    label: str | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.value <= 1.0:  # also refuses NaN
            raise EvaluationError(f"a score of {self.value!r} is not between 0 and 1")


@no_extra_fields
@dataclass(frozen=True, kw_only=True, slots=True)
@typed
class ScoreFailure:
    """The reason why a scorer returned no score.

    Attributes:
        kind: The name of the error.
        message: Its words.
    """

    kind: str
    message: str


Scorer: TypeAlias = Callable[[AnsweredExample], Score | ScoreFailure | float | bool]
"""Anything that can be called with an `AnsweredExample`.

A number or a truth value stands for a `Score` without a reason. A scorer that cannot tell returns a `ScoreFailure`, or
raises, which becomes one.
"""
