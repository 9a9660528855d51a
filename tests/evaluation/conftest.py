"""Evaluations made of numbers, and a judge that follows a script."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import pytest

from vqaft.data import VQAExample
from vqaft.evaluation import AnsweredExample, Evaluation, Score, ScoredRow, ScorerFacts
from vqaft.inference import ChatReply, ChatRequest

Rate = Callable[[dict[str, str]], str]


def answered(answer: str, *truths: str, question: str = "What is it?") -> AnsweredExample:
    """An answer with the answers that count as right."""
    return AnsweredExample(example=VQAExample(id="1", image=b"image", question=question, answers=truths), answer=answer)


def evaluation(
    values: Sequence[float | None],
    groups: Sequence[str] | None = None,
    *,
    model: str = "model",
    kinds: Sequence[str] | None = None,
    labels: dict[float, str] | None = None,
) -> Evaluation:
    """An evaluation by one scorer with these values; None is a failed answer."""
    rows = tuple(
        ScoredRow(
            example_id=str(place),
            group=groups[place] if groups else str(place),
            kind="closed" if kinds and kinds[place] == "closed" else "open",
            question=f"question {place}",
            answers=("truth",),
            model=model,
            answer=None if value is None else f"answer {value}",
            scores={} if value is None else {"score": Score(value=value, label=(labels or {}).get(value))},
        )
        for place, value in enumerate(values)
    )
    return Evaluation(model=model, scorers={"score": ScorerFacts(description="score")}, rows=rows)


class ScriptedJudge:
    """A chat backend that rates by a function of the data it is shown."""

    def __init__(self, rate: Rate) -> None:
        self.rate = rate
        self.requests: list[ChatRequest] = []

    def complete(self, request: ChatRequest) -> ChatReply:
        self.requests.append(request)
        content = json.loads(request.messages)[1]["content"]
        text = content if isinstance(content, str) else content[0]["text"]
        rating = self.rate(json.loads(text.split("\n")[1]))
        return ChatReply(
            text=json.dumps({"reason": "as told", "rating": rating}), prompt_tokens=100, completion_tokens=10
        )


@pytest.fixture(scope="session", name="answered")
def answered_fixture() -> Callable[..., AnsweredExample]:
    return answered


@pytest.fixture(scope="session", name="evaluation")
def evaluation_fixture() -> Callable[..., Evaluation]:
    return evaluation


@pytest.fixture(scope="session")
def scripted_judge() -> Callable[[Rate], ScriptedJudge]:
    return ScriptedJudge
