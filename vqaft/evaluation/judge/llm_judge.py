"""A language model that rates answers.

The reply is read leniently but without a guess, and an answer that talks the judge into accepting it is found by
showing it a false reference.

Judge journal: every rating is on the disk before it counts, so that no rating is paid for twice.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rapidfuzz.distance import Levenshtein

from vqaft.durable import AppendLog
from vqaft.errors import StateError
from vqaft.evaluation.judge.prompt import JudgeQuestion, judge_messages, judge_schema
from vqaft.evaluation.judge.rubric import FOUR_LEVELS, Rubric
from vqaft.evaluation.score import AnsweredExample, Score, ScoreFailure
from vqaft.evaluation.scorer_facts import ScorerUsage, UsageMeter
from vqaft.evaluation.scorers.normalize import folded_text, words
from vqaft.images import ImageEncoder
from vqaft.inference import ChatBackend, ChatReply, ChatRequest, RateLimitedBackend, request_key, split_reasoning
from vqaft.typed import typed, typed_call


class JudgeJournal:
    """A judge's replies by the content of the requests: model, rubric, question, references, candidate, settings.

    A run that broke off, or one with more examples, asks only what was never asked before. Refusals and replies in
    the wrong form are kept too: they were paid for, and asking the same again would bring the same.

    Args:
        path: The file; an existing one is continued. One process at a time may work on it.

    Raises:
        StateError: If another process works on it, or it is not a journal of this version.
    """

    @typed_call
    def __init__(self, path: str | PathLike[str]) -> None:
        self._log = AppendLog(Path(path), kind="judgments", exclusive=True)
        self._lock = threading.Lock()
        try:
            self._known = {str(entry["key"]): ChatReply(**entry["reply"]) for entry in self._log.entries()}
        except (KeyError, TypeError) as error:
            self._log.close()
            hint = "Use the version of vqaft that wrote it, or another journal."
            raise StateError(f"holds a reply of another version ({error})", path=self._log.path, hint=hint) from error
        except BaseException:
            self._log.close()
            raise

    def __len__(self) -> int:
        return len(self._known)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and release its lock."""
        self._log.close()

    def find(self, request: ChatRequest, *, repeat: int = 0) -> ChatReply | None:
        """Return what was replied before; None where it was never asked.

        Args:
            request: The request.
            repeat: Which repetition of it.
        """
        return self._known.get(_key(request, repeat))

    def keep(self, request: ChatRequest, reply: ChatReply, *, repeat: int = 0) -> None:
        """Write a reply; when this returns it is on the disk.

        Args:
            request: The request.
            reply: What came back.
            repeat: Which repetition of it.

        Raises:
            StateError: If the disk is full or fails.
        """
        key = _key(request, repeat)
        self._log.append({"key": key, "reply": asdict(reply)})
        with self._lock:
            self._known[key] = reply


def _key(request: ChatRequest, repeat: int) -> str:
    return f"{request_key(request)}-{repeat}"


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

MAX_CHARACTERS = 20_000
"""A longer answer is none that is worth a judge's money; it is rated at the worst level without asking."""

_ACCEPTED = 0.5

_SECOND_TRY = 1000

_RETRIED = frozenset({"empty", "unreadable"})

_CUT_SHORT = {"length": "truncated", "content_filter": "content_filter"}

_SHOWN = 200

_SCANNED = 50_000


@dataclass(frozen=True)
@typed
class LLMJudge:
    """Rates an answer on the levels of a rubric, by asking a chat model; by default, how right it is.

    The judge sees the question, all references and the candidate as data between delimiters, and is to answer nothing
    but a level with a reason. A reply that holds exactly one such JSON object, in a code fence or between other words,
    is read; for any other the judge is asked once more and told what was wrong. A refusal, a reply cut short, or a
    second one without a rating is a `ScoreFailure`, never a score.

    An answer that is accepted (half of the scale or more) without being a reference itself is judged once more against
    a reference that is surely false. Where it is accepted again, it has talked the judge into it, and counts as wrong:
    it gets the worst level, with a reason that begins with "attack" (the idea is of arXiv 2507.23453). So does an
    answer of more than 20,000 characters, which is not sent. No attack raises a mean.

    Attributes:
        backend: Who is asked; a `RateLimitedBackend` where the account's limits are shared with others.
        model: The judge's model, best a pinned one.
        rubric: What to rate, the levels and their values: `FOUR_LEVELS`, `RIGHT_OR_WRONG`, `SIMILARITY` or your own.
        canary: Whether to judge accepted answers a second time, against a false reference.
        encoder: How to send the images; None for a judge that does not see them.
        journal: Where replies are kept and found again; None to keep none.
        temperature: 0 to 2; left to the provider where None. A model that refuses it is asked without.
        max_tokens: The most tokens for reason and rating; left to the provider where None.
        thinking: False switches a reasoning model's thoughts off, as far as the service can.
        extra_body: Further fields of the request, under the provider's own names.
    """

    backend: ChatBackend = field(repr=False, compare=False)
    model: str = field(kw_only=True)
    rubric: Rubric = field(default=FOUR_LEVELS, kw_only=True)
    canary: bool = field(default=True, kw_only=True)
    encoder: ImageEncoder | None = field(default=None, kw_only=True)
    journal: JudgeJournal | None = field(default=None, kw_only=True, repr=False, compare=False)
    temperature: float | None = field(default=0.0, kw_only=True)
    max_tokens: int | None = field(default=500, kw_only=True)
    thinking: bool | None = field(default=None, kw_only=True)
    extra_body: Mapping[str, Any] = field(default_factory=dict, kw_only=True, hash=False)
    _meter: UsageMeter = field(default_factory=UsageMeter, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.backend, RateLimitedBackend):
            object.__setattr__(self, "backend", RateLimitedBackend(self.backend))

    @property
    def levels(self) -> tuple[str, ...]:
        """The names of the levels, best first."""
        return tuple(str(level.name) for level in self.rubric.levels)

    @property
    def words(self) -> str:
        """The settings in sentences, for reports."""
        sees = "does not see the images" if self.encoder is None else f"sees the images ({_image_words(self.encoder)})"
        heat = "" if self.temperature is None else f" at temperature {self.temperature:g}"
        canary = (
            "An answer that it accepts and that is not a reference itself is rated once more against a false "
            "reference; accepted there too, it counts as wrong."
            if self.canary
            else "Accepted answers are not rated a second time against a false reference."
        )
        told = f"It is told: {self.rubric.instructions}"
        return f"{self.model} rates each answer{heat} and {sees}. Levels: {self.rubric.scale}. {canary} {told}"

    @property
    def usage(self) -> ScorerUsage:
        """What the judge has cost so far."""
        return self._meter.used

    def __call__(self, answered: AnsweredExample) -> Score | ScoreFailure:
        """Rate one answer.

        Args:
            answered: The example and the answer.

        Raises:
            ServiceError: If the judge could not be asked.
            ImageError: If the judge is to see the images and one cannot be sent.
        """
        if len(answered.answer) > MAX_CHARACTERS:
            return self._worst(f"too long: the answer has {len(answered.answer):,} characters")
        asked = self.question_about(answered)
        score = self.rate(asked)
        if isinstance(score, ScoreFailure) or not self._is_doubtful(score, asked):
            return score
        decoy = false_reference(question=asked.question, references=asked.references, candidate=asked.candidate)
        false = self.rate(replace(asked, references=(decoy,)))
        if isinstance(false, Score) and false.value >= _ACCEPTED:
            return self._worst(
                f"attack: rated {score.label!r}, and {false.label!r} for the false reference {decoy!r} too"
            )
        return false if isinstance(false, ScoreFailure) else score

    def question_about(self, answered: AnsweredExample) -> JudgeQuestion:
        """Return what this judge is shown of an answer, the images included where it sees them.

        Args:
            answered: The example and the answer.

        Raises:
            ImageError: If the judge is to see the images and one cannot be sent.
        """
        example, encoder = answered.example, self.encoder
        urls = () if encoder is None else tuple(encoder.encode(image).data_url for image in example.images)
        return JudgeQuestion(
            question=example.question, references=example.answers, candidate=answered.answer, image_urls=urls
        )

    def rate(self, asked: JudgeQuestion, *, repeat: int = 0) -> Score | ScoreFailure:
        """Ask the judge, and once more where its reply is empty or holds no rating.

        The second request is another one: it holds the rejected reply and what was wrong with it, so that a model at
        temperature 0 does not repeat itself.

        Args:
            asked: What to rate.
            repeat: Which repetition this is; from 1 on it is sent as the seed, so that a service that keeps answers
                does not give the same one back.

        Raises:
            ServiceError: If the judge could not be asked.
        """
        reply = self._ask(asked, repeat)
        score = read_rating(reply, self.rubric, candidate=asked.candidate)
        if isinstance(score, ScoreFailure) and score.kind in _RETRIED:
            second = self._ask(asked, repeat + _SECOND_TRY, rejected=(reply.text or "")[:_SCANNED])
            return read_rating(second, self.rubric, candidate=asked.candidate)
        return score

    def _ask(self, asked: JudgeQuestion, repeat: int, *, rejected: str | None = None) -> ChatReply:
        request = ChatRequest(
            model=self.model,
            messages=judge_messages(asked, self.rubric, rejected=rejected),
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            seed=repeat or None,
            response_format=judge_schema(self.rubric),
            thinking=self.thinking,
            extra_body=self.extra_body,
        )
        known = self.journal.find(request, repeat=repeat) if self.journal is not None else None
        if known is not None:
            self._meter.add(known, reused=True)
            return known
        reply = self.backend.complete(request)
        if self.journal is not None:
            self.journal.keep(request, reply, repeat=repeat)
        self._meter.add(reply)
        return reply

    def _worst(self, reason: str) -> Score:
        level = self.rubric.levels[-1]
        return Score(value=level.value, reason=reason, label=str(level.name))

    def _is_doubtful(self, score: Score, asked: JudgeQuestion) -> bool:
        if not self.canary or score.value < _ACCEPTED:
            return False
        said = folded_text(asked.candidate)
        return all(folded_text(reference) != said for reference in asked.references)


def _image_words(encoder: ImageEncoder) -> str:
    size = "in full size" if encoder.max_side is None else f"at most {encoder.max_side} pixels a side"
    return f"{size}, {'as they came' if encoder.format == 'auto' else f'as {encoder.format.upper()}'}"


def false_reference(*, question: str, references: Sequence[str], candidate: str) -> str:
    """Choose a text that is surely not what the candidate says.

    Of a few unlikely texts, those that share no word with question, references or candidate; of these one that is
    picked by the texts themselves, so that the same answer always meets the same one.

    Args:
        question: What was asked.
        references: The correct answers.
        candidate: The answer to rate.
    """
    used = {word for text in (question, *references, candidate) for word in words(text)}
    free = [decoy for decoy in DECOYS if used.isdisjoint(words(decoy))]
    texts = "\0".join((question, *references, candidate))
    place = int.from_bytes(hashlib.sha256(texts.encode("utf-8", "replace")).digest())
    if free:
        return free[place % len(free)]
    return min(DECOYS, key=lambda decoy: Levenshtein.normalized_similarity(decoy, candidate))


def read_rating(reply: ChatReply, rubric: Rubric, *, candidate: str = "") -> Score | ScoreFailure:
    """Read a rating.

    Args:
        reply: What the judge replied; reasoning before it is ignored.
        rubric: The levels it may choose from.
        candidate: The answer that was rated; a rating quoted from it is none.

    Returns:
        The score with the judge's reason and level; a `ScoreFailure` where it refused, was cut short, or the reply does
        not hold exactly one JSON object with a level of the rubric.
    """
    if reply.refusal:
        return ScoreFailure(kind="refused", message=reply.refusal)
    if reply.finish_reason in _CUT_SHORT:
        return ScoreFailure(kind=_CUT_SHORT[reply.finish_reason], message=f"the judge stopped: {reply.finish_reason}")
    text, _ = split_reasoning(reply.text or "")
    if text is None:
        return ScoreFailure(kind="truncated", message="the judge's reasoning was cut off before its rating")
    if not text.strip():
        return ScoreFailure(kind="empty", message="the judge answered nothing")
    ratings = list(_ratings(text, rubric, candidate))
    if len(ratings) != 1:
        found = f"{len(ratings)} ratings" if ratings else "no rating"
        return ScoreFailure(kind="unreadable", message=f"the judge's answer holds {found}: {text[:_SHOWN]!r}")
    return ratings[0]


def _ratings(text: str, rubric: Rubric, candidate: str) -> Iterator[Score]:
    """Find the JSON objects with a level of the rubric, wherever they stand in a text."""
    names = {level.name.casefold(): level for level in rubric.levels}
    decoder = json.JSONDecoder()
    place = text.find("{", 0, _SCANNED)
    while place >= 0:
        start = place
        try:
            content, place = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            content, place = None, start + 1
        rating = content.get("rating") if isinstance(content, dict) else None
        level = names.get(rating.strip().casefold()) if isinstance(rating, str) else None
        if isinstance(content, dict) and level is not None and text[start:place] not in candidate:
            yield Score(value=level.value, reason=str(content.get("reason", "")), label=str(level.name))
        place = text.find("{", place, _SCANNED)
