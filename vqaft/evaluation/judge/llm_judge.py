"""A language model that rates answers."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson

from vqaft.evaluation.judge.prompt import judge_schema, judge_system, judge_user
from vqaft.evaluation.judge.reply import read_rating
from vqaft.evaluation.judge.rubric import FOUR_LEVELS, Rubric
from vqaft.evaluation.score import Answered, Score, ScoreFailure
from vqaft.inference import ChatBackend, ChatReply, ChatRequest


@dataclass(frozen=True)
class LLMJudge:
    """Rates an answer against the truth on the levels of a rubric, by asking a chat model.

    The judge sees the question, the canonical answer and the candidate as data between delimiters, and can answer
    nothing but a level with a reason. A refusal, an answer cut short, or one that is not in the form asked for is a
    `ScoreFailure`, never a score.

    Attributes:
        backend: Who is asked.
        model: The judge's model, best a pinned one.
        rubric: What to rate and the levels; the cookbook's four by default.
        temperature: 0 to 2.
        max_tokens: The most tokens for reason and rating.
        seed: For repeatable ratings as far as the provider can.
    """

    backend: ChatBackend = field(repr=False, compare=False)
    model: str = field(kw_only=True)
    rubric: Rubric = field(default=FOUR_LEVELS, kw_only=True)
    temperature: float | None = field(default=0.0, kw_only=True)
    max_tokens: int | None = field(default=500, kw_only=True)
    seed: int | None = field(default=None, kw_only=True)

    @property
    def levels(self) -> tuple[str, ...]:
        """The names of the levels, best first."""
        return tuple(str(level.name) for level in self.rubric.levels)

    def __call__(self, answered: Answered) -> Score | ScoreFailure:
        """Rate one answer.

        Args:
            answered: The example and the answer.

        Raises:
            ServiceError: If the judge could not be asked.
        """
        reply = self.ask(
            question=answered.example.question, reference=answered.example.answer, candidate=answered.answer
        )
        return read_rating(reply, self.rubric)

    def ask(self, *, question: str, reference: str, candidate: str) -> ChatReply:
        """Make one request to the judge.

        Args:
            question: What was asked.
            reference: The true answer.
            candidate: The answer to rate.

        Raises:
            ServiceError: If the judge could not be asked.
        """
        user = judge_user(question=question, reference=reference, candidate=candidate)
        messages = [
            {"role": "system", "content": judge_system(self.rubric)},
            {"role": "user", "content": user},
        ]
        request = ChatRequest(
            model=self.model,
            messages=orjson.dumps(messages),
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            seed=self.seed,
            response_format=judge_schema(self.rubric),
        )
        return self.backend.complete(request)
