"""A model's answer to an example, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

FailureKind: TypeAlias = Literal[
    "image", "refused", "content_filter", "truncated", "empty", "rate_limit", "quota", "auth", "unreachable", "rejected"
]


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why there is no answer.

    Attributes:
        kind: Which kind of failure; the same words in every table.
        message: What happened, in words.
        partial: What the model had said until then, where it said something.
    """

    kind: FailureKind
    message: str
    partial: str | None = None


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What one model said to one example.

    Exactly one of `answer` and `failure` is given: a failure is never an empty answer.

    Attributes:
        example_id: Joins the prediction to its example.
        model: The model that was asked.
        answer: What it answered.
        failure: Why it did not.
        latency_s: Seconds from the first request to the outcome.
        attempts: How many requests were made.
        prompt_tokens: Tokens billed for the request, as far as said.
        completion_tokens: Tokens billed for the answer, as far as said.
    """

    example_id: str
    model: str
    answer: str | None = None
    failure: Failure | None = None
    latency_s: float = 0.0
    attempts: int = 1
    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    def __post_init__(self) -> None:
        if (self.answer is None) == (self.failure is None):
            message = "a prediction has either an answer or a failure"
            raise ValueError(message)
