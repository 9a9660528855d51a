"""A language model that rates answers.

A false reference, to catch answers that are accepted whatever the truth is.

From a judge's reply to a score, or to the reason why there is none.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from rapidfuzz.distance import Levenshtein

from vqaft.evaluation.judge.journal import JudgeJournal
from vqaft.evaluation.judge.rubric import FOUR_LEVELS, JudgeQuestion, Rubric, judge_messages, judge_schema
from vqaft.evaluation.judge.usage import JudgeUsage, UsageMeter
from vqaft.evaluation.score import AnsweredExample, Score, ScoreFailure
from vqaft.evaluation.scorers.normalize import folded_text, words
from vqaft.images import ImageEncoder
from vqaft.inference import ChatBackend, ChatReply, ChatRequest, RateLimitedBackend

DECOYS = (
    "a brass trumpet on a windowsill",
    "seventeen kilometres northwest",
    "Quarterly barley harvest ledger",
    "the Duchess of Pomerania",
    "two overlapping hexagons",
    "lukewarm chamomile soup",
    "Thursday at dawn",
    "an unpainted wooden sledge",
)


def false_reference(*, question: str, reference: str, candidate: str) -> str:
    """Choose a text that is surely not what the candidate says.

    Of a few unlikely texts, those that share no word with question, reference or candidate; of these one that is
    picked by the texts themselves, so that the same answer always meets the same one.

    Args:
        question: What was asked.
        reference: The true answer.
        candidate: The answer to rate.
    """
    used = {*words(question), *words(reference), *words(candidate)}
    free = [decoy for decoy in DECOYS if used.isdisjoint(words(decoy))]
    place = int.from_bytes(hashlib.sha256(f"{question}\0{reference}\0{candidate}".encode("utf-8", "replace")).digest())
    if free:
        return free[place % len(free)]
    return min(DECOYS, key=lambda decoy: Levenshtein.normalized_similarity(decoy, candidate))


def says_the_same(reference: str, candidate: str) -> bool:
    """Tell whether a candidate is the reference itself, which no attack can be.

    Args:
        reference: The true answer.
        candidate: The answer to rate.
    """
    return folded_text(reference) == folded_text(candidate)


CUT_SHORT = {"length": "truncated", "content_filter": "content_filter"}


SHOWN = 200


def read_rating(reply: ChatReply, rubric: Rubric) -> Score | ScoreFailure:
    """Read a rating.

    Args:
        reply: What the judge answered.
        rubric: The levels it may choose from.

    Returns:
        The score with the judge's reason and level; a `ScoreFailure` where it refused, was cut short, or answered
        anything but the JSON that was asked for.
    """
    if reply.refusal:
        return ScoreFailure(kind="refused", message=reply.refusal)
    if reply.finish_reason in CUT_SHORT:
        return ScoreFailure(kind=CUT_SHORT[reply.finish_reason], message=f"the judge stopped: {reply.finish_reason}")
    if not reply.text:
        return ScoreFailure(kind="empty", message="the judge answered nothing")
    try:
        content = json.loads(reply.text)
        rating, reason = content["rating"], content.get("reason", "")
        return Score(value=rubric.value(rating), reason=str(reason), label=rating)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ScoreFailure(kind="unreadable", message=f"the judge's answer is no rating: {reply.text[:SHOWN]!r}")


HALF = 0.5


FORMLESS = frozenset({"empty", "unreadable"})


SECOND_TRY = 1000


LONGEST = 20_000


"""Characters from which on an answer is no answer that is worth a judge's money."""


@dataclass(frozen=True)
class LLMJudge:
    """Rates an answer against the truth on the levels of a rubric, by asking a chat model.

    The judge sees the question, the canonical answer and the candidate as data between delimiters, and can answer
    nothing but a level with a reason. A refusal, an answer cut short, or one that is not in the form asked for is a
    `ScoreFailure`, never a score; so is an answer of more than 20,000 characters, which is not sent.

    An answer that is accepted (half of the scale or more) without being the reference itself is judged once more
    against a reference that is surely false. Where it is accepted again, it has talked the judge into it, and is a
    `ScoreFailure` of the kind "attack" (the idea is of arXiv 2507.23453).

    Attributes:
        backend: Who is asked; a `RateLimitedBackend` where the account's limits are shared with others.
        model: The judge's model, best a pinned one.
        rubric: What to rate and the levels; the cookbook's four by default.
        canary: Whether to judge accepted answers a second time, against a false reference.
        encoder: How to send the image; None for a judge that does not see it.
        journal: Where replies are kept and found again; None to keep none.
        temperature: 0 to 2; left to the provider where None.
        max_tokens: The most tokens for reason and rating; left to the provider where None.
    """

    backend: ChatBackend = field(repr=False, compare=False)
    model: str = field(kw_only=True)
    rubric: Rubric = field(default=FOUR_LEVELS, kw_only=True)
    canary: bool = field(default=True, kw_only=True)
    encoder: ImageEncoder | None = field(default=None, kw_only=True)
    journal: JudgeJournal | None = field(default=None, kw_only=True, repr=False, compare=False)
    temperature: float | None = field(default=0.0, kw_only=True)
    max_tokens: int | None = field(default=500, kw_only=True)
    _meter: UsageMeter = field(default_factory=UsageMeter, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.backend, RateLimitedBackend):
            object.__setattr__(self, "backend", RateLimitedBackend(self.backend))

    @property
    def levels(self) -> tuple[str, ...]:
        """The names of the levels, best first."""
        return tuple(str(level.name) for level in self.rubric.levels)

    @property
    def usage(self) -> JudgeUsage:
        """What the judge has cost so far."""
        return self._meter.used

    def __call__(self, answered: AnsweredExample) -> Score | ScoreFailure:
        """Rate one answer.

        Args:
            answered: The example and the answer.

        Raises:
            ServiceError: If the judge could not be asked.
            ImageError: If the judge is to see the image and it cannot be sent.
        """
        if len(answered.answer) > LONGEST:
            return ScoreFailure(kind="too long", message=f"the answer has {len(answered.answer)} characters")
        example, image_urls = answered.example, self._image_urls(answered)
        asked = JudgeQuestion(
            question=example.question, reference=example.answer, candidate=answered.answer, image_urls=image_urls
        )
        score = self.rate(asked)
        if isinstance(score, ScoreFailure) or not self._doubtful(score, asked):
            return score
        decoy = false_reference(question=asked.question, reference=asked.reference, candidate=asked.candidate)
        false = self.rate(
            JudgeQuestion(question=asked.question, reference=decoy, candidate=asked.candidate, image_urls=image_urls)
        )
        if isinstance(false, Score) and false.value >= HALF:
            message = f"rated {score.label!r}, and {false.label!r} against the false reference {decoy!r} too"
            return ScoreFailure(kind="attack", message=message)
        return false if isinstance(false, ScoreFailure) else score

    def rate(self, asked: JudgeQuestion, *, repeat: int = 0) -> Score | ScoreFailure:
        """Ask the judge; once more, with another seed, where its reply is empty or in the wrong form.

        Args:
            asked: What to rate.
            repeat: Which repetition this is; from 1 on it is sent as the seed, so that a service that keeps answers
                does not give the same one back.

        Raises:
            ServiceError: If the judge could not be asked.
        """
        score = self._once(asked, repeat)
        if isinstance(score, ScoreFailure) and score.kind in FORMLESS:
            return self._once(asked, repeat + SECOND_TRY)
        return score

    def _once(self, asked: JudgeQuestion, repeat: int) -> Score | ScoreFailure:
        request = ChatRequest(
            model=self.model,
            messages=judge_messages(asked, self.rubric),
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            seed=repeat or None,
            response_format=judge_schema(self.rubric),
        )
        return read_rating(self._reply(request, repeat), self.rubric)

    def _reply(self, request: ChatRequest, repeat: int) -> ChatReply:
        known = self.journal.find(request, repeat=repeat) if self.journal is not None else None
        if known is not None:
            self._meter.add(known, reused=True)
            return known
        reply = self.backend.complete(request)
        if self.journal is not None:
            self.journal.keep(request, reply, repeat=repeat)
        self._meter.add(reply)
        return reply

    def _doubtful(self, score: Score, asked: JudgeQuestion) -> bool:
        return self.canary and score.value >= HALF and not says_the_same(asked.reference, asked.candidate)

    def _image_urls(self, answered: AnsweredExample) -> tuple[str, ...]:
        encoder, images = self.encoder, answered.example.images
        return () if encoder is None else tuple(encoder.encode(image).data_url for image in images)
