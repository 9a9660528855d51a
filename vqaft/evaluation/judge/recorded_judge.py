"""A scorer's recorded ratings as a judge, so that they can be held against people without asking anyone again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol, Self, runtime_checkable

from vqaft.errors import EvaluationError
from vqaft.evaluation.judge.rubric import FOUR_LEVELS, RIGHT_OR_WRONG, SIMILARITY, Level, Rubric
from vqaft.evaluation.rows import ScoredRow
from vqaft.evaluation.score import AnsweredExample, Score, ScoreFailure
from vqaft.inference import split_reasoning
from vqaft.serialization import reduce_by_fields
from vqaft.typed import typed

HALF = 0.5
"""From here on a score without a level counts as right."""


@runtime_checkable
class LevelJudge(Protocol):
    """Whatever rates answers on the levels of a rubric, e.g. an `LLMJudge`."""

    @property
    def levels(self) -> tuple[str, ...]:
        """The names of the levels, best first."""
        ...

    @property
    def rubric(self) -> Rubric:
        """What is rated, and what each level counts."""
        ...

    def __call__(self, answered: AnsweredExample, /) -> Score | ScoreFailure:
        """Rate one answer."""
        ...


@dataclass(frozen=True, kw_only=True)
@typed
class RecordedJudge:
    """Returns the ratings that a scorer gave in an evaluation.

    A scorer without levels is one of two: from one half on, its score is "Right".

    Attributes:
        rubric: The levels, and what each counts.
        ratings: The scores with their levels, by example id and answer.
    """

    rubric: Rubric
    ratings: Mapping[tuple[str, str], Score] = field(hash=False, repr=False)

    __reduce__ = reduce_by_fields

    def __post_init__(self) -> None:
        object.__setattr__(self, "ratings", MappingProxyType(dict(self.ratings)))

    @classmethod
    def of(cls, rows: Iterable[ScoredRow], scorer: str, *, levels: tuple[str, ...] = ()) -> Self:
        """Return the judge of an evaluation's rows, or of those of several.

        Args:
            rows: The scored rows.
            scorer: The scorer's name.
            levels: Its levels, best first, as `Evaluation.scorers` has them; empty where it has none.

        Raises:
            EvaluationError: If the scorer scored none of the rows, or gave a level that is none of these.
        """
        scores = {
            (row.example_id, split_reasoning(row.answer)[0] or ""): score
            for row in rows
            if row.answer is not None and isinstance(score := row.scores.get(scorer), Score)
        }
        if not scores:
            raise EvaluationError(f"{scorer!r} scored none of the answers")
        if not levels:
            return cls(rubric=RIGHT_OR_WRONG, ratings={key: _two_levels(score) for key, score in scores.items()})
        rubric = _rubric(levels, scores.values())
        return cls(rubric=rubric, ratings={key: score for key, score in scores.items() if score.label is not None})

    @property
    def levels(self) -> tuple[str, ...]:
        """The names of the levels, best first."""
        return tuple(str(level.name) for level in self.rubric.levels)

    def __call__(self, answered: AnsweredExample, /) -> Score | ScoreFailure:
        """Return the rating that was recorded.

        Args:
            answered: The example and the answer.
        """
        score = self.ratings.get((answered.example.id, answered.answer))
        return ScoreFailure(kind="missing", message="no rating was recorded") if score is None else score


def _two_levels(score: Score) -> Score:
    level = RIGHT_OR_WRONG.levels[0 if score.value >= HALF else 1]
    return Score(value=level.value, reason=score.reason, label=level.name)


def _rubric(levels: tuple[str, ...], scores: Iterable[Score]) -> Rubric:
    """Return the known rubric with these levels and values; else one whose unseen levels are evenly spaced."""
    seen = {score.label: score.value for score in scores if score.label is not None}
    if stray := seen.keys() - set(levels):
        raise EvaluationError(f"{min(stray)!r} is none of the levels: {', '.join(levels)}")
    for known in (FOUR_LEVELS, RIGHT_OR_WRONG, SIMILARITY):
        values = {str(level.name): level.value for level in known.levels}
        if tuple(values) == levels and all(abs(values[name] - value) < _CLOSE for name, value in seen.items()):
            return known
    steps = len(levels) - 1
    values = {name: seen.get(name, 1 - place / steps) for place, name in enumerate(levels)}
    parts = tuple(Level(name=name, value=value, meaning="as the scorer defined it") for name, value in values.items())
    return Rubric(instructions="As the scorer defined it.", levels=parts)


_CLOSE = 1e-9
