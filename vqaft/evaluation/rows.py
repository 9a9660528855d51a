"""Rows of an evaluation and of a comparison, and slices of the data.

A scored row is one example with one model's answer and its scores; a paired row is one example as two models answered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np

from vqaft.data import QuestionKind
from vqaft.errors import EvaluationError, shown
from vqaft.evaluation.score import Score, ScoreFailure
from vqaft.inference import Failure
from vqaft.notebook import card, heading, marked, note
from vqaft.serialization import equal_values, no_extra_fields
from vqaft.typed import typed


def first_repeated(ids: Sequence[str]) -> str | None:
    """Return the first id that stands there a second time; None where all differ.

    Takes 16 bytes an id; only where two have the same hash are the ids themselves collected.

    Args:
        ids: The ids.
    """
    hashes = np.fromiter(map(hash, ids), dtype=np.int64, count=len(ids))
    hashes.sort()
    if not (hashes[1:] == hashes[:-1]).any():
        return None
    seen: set[str] = set()
    for each in ids:
        if each in seen:
            return each
        seen.add(each)
    return None


class Scores(Mapping[str, Score | ScoreFailure]):
    """The scores of a row by the scorer's name; the names are held once for all rows.

    Args:
        scores: The scores.
    """

    __slots__ = ("_names", "_values")

    def __init__(self, scores: Mapping[str, Score | ScoreFailure]) -> None:
        self._names = _held_once(tuple(scores))
        self._values = tuple(scores.values())

    def __getitem__(self, name: str) -> Score | ScoreFailure:
        try:
            return self._values[self._names.index(name)]
        except ValueError:
            raise KeyError(name) from None

    def get(self, name: object, default: Any = None) -> Any:
        """Return the score of one scorer, or the default where it gave none."""
        names = self._names
        return self._values[names.index(name)] if name in names else default

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return repr(dict(self))


@lru_cache(maxsize=256)
def _held_once(names: tuple[str, ...]) -> tuple[str, ...]:
    return names


_MOST_SHARED = 512
_shared: dict[tuple[int, ...], Scores] = {}


def _shared_scores(scores: Mapping[str, Score | ScoreFailure]) -> Scores:
    """Return scores that are held once for all rows with the very same `Score` objects.

    Rules that know right and wrong alone return one of two objects, so that their rows share a few `Scores`.
    """
    names = _held_once(tuple(scores))
    key = (id(names), *map(id, scores.values()))  # stays true as long as the value holds these objects
    found = _shared.get(key)
    if found is None:
        if len(_shared) >= _MOST_SHARED:
            _shared.clear()
        found = _shared[key] = Scores(scores)
    return found


_NO_METADATA: Mapping[str, Any] = MappingProxyType({})


@no_extra_fields
@dataclass(frozen=True, kw_only=True, slots=True)
@typed
class ScoredRow:
    """A row of an `Evaluation`.

    Attributes:
        example_id: The id of the example.
        group: The row's cluster: the example's group, by default its image (by content).
        kind: "closed" where the true answer is yes or no, else "open".
        question_type: The question's type, where the example has one.
        question: What was asked.
        answers: What counts as right; the first is the canonical one.
        model: The model that was asked.
        answer: What it answered; None where it did not.
        failure: Why it did not answer; None where it answered, and where no prediction was given at all.
        scores: The scores by the scorer's name; empty where there is no answer. A scorer that failed on this
            answer left a `ScoreFailure`.
        metadata: What else came with the example, for slices.
    """

    example_id: str
    group: str
    kind: QuestionKind
    question_type: str | None = None
    question: str
    answers: tuple[str, ...]
    model: str
    answer: str | None = None
    failure: Failure | None = None
    scores: Mapping[str, Score | ScoreFailure] = field(default_factory=dict, hash=False)
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not isinstance(self.scores, Scores):
            object.__setattr__(self, "scores", _shared_scores(self.scores))
        if not self.metadata:
            object.__setattr__(self, "metadata", _NO_METADATA)
        elif not isinstance(self.metadata, MappingProxyType):  # an example's is such a view of its own copy
            object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ScoredRow):
            return NotImplemented
        return all(equal_values(getattr(self, name), getattr(other, name)) for name in self.__dataclass_fields__)

    def __hash__(self) -> int:
        return hash((self.example_id, self.question, self.answers, self.model, self.answer))

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy does not pickle; the plain dict behind it does.
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return _rebuild, ({**values, "scores": dict(self.scores), "metadata": dict(self.metadata)},)

    @property
    def status(self) -> Literal["answered", "failed", "missing"]:
        """Whether the model answered, failed to, or was never asked."""
        if self.answer is not None:
            return "answered"
        return "missing" if self.failure is None else "failed"

    def value(self, scorer: str) -> float | None:
        """Return the score of one scorer as a number.

        Args:
            scorer: The scorer's name.

        Returns:
            0 to 1; None where there is no answer or the scorer failed on it.
        """
        score = self.scores.get(scorer)
        return score.value if isinstance(score, Score) else None

    def label(self, scorer: str) -> str | None:
        """Return the level that one scorer chose.

        Args:
            scorer: The scorer's name.

        Returns:
            The level, e.g. "Mostly Similar"; None where the scorer has no levels or gave no score.
        """
        score = self.scores.get(scorer)
        return score.label if isinstance(score, Score) else None


def _rebuild(values: dict[str, Any]) -> ScoredRow:
    return ScoredRow(**values)


def failure_sentences(rows: Sequence[ScoredRow], scorers: Sequence[str]) -> tuple[str, ...]:
    """Describe what kept scorers from scoring answers, one sentence for each scorer that failed on some.

    Args:
        rows: The scored rows.
        scorers: The scorers' names.
    """
    sentences = []
    for name in scorers:
        scores = [row.scores[name] for row in rows if name in row.scores]
        failures = Counter((score.kind, score.message) for score in scores if isinstance(score, ScoreFailure))
        if not failures:
            continue
        (kind, message), count = failures.most_common(1)[0]
        total = failures.total()
        share = "each time" if count == total else f"{count} times"
        cause = shown(f"{kind}: {message}" if message else kind)
        sentences.append(f"{name} gave no score to {total} of {len(scores)} answers; {share} for {cause}.")
    return tuple(sentences)


class Outcome(StrEnum):
    """What became of an example from the base model to the tuned one, by one scorer."""

    WON = "won"
    """The tuned model scores higher."""
    LOST = "lost"
    """The tuned model scores lower."""
    BOTH_RIGHT = "both right"
    """The same score, of one half at least."""
    BOTH_WRONG = "both wrong"
    """The same score, below one half."""
    INCOMPLETE = "incomplete"
    """At least one of the two has no score."""


_SHOWN = 5


@dataclass(frozen=True, kw_only=True, repr=False, slots=True)
@typed
class PairedRow:
    """A row of a `Comparison`.

    Attributes:
        base: The example with the base model's answer; status "missing" where base never saw it.
        tuned: The same example with the tuned model's answer.
    """

    base: ScoredRow
    tuned: ScoredRow

    def __repr__(self) -> str:
        sides = (("base", self.base), ("tuned", self.tuned))
        said = ", ".join(f"{name}={shown(side.answer)} {_marks(side)}".rstrip() for name, side in sides)
        question = f"question={shown(self.question)}, answers={shown(self.answers)}"
        return f"PairedRow(id={self.example_id!r}, {question}, {said})"

    def _repr_html_(self) -> str:
        truth = marked("truth", " / ".join(self.answers[:_SHOWN]))
        said = [
            marked(f"{name} {_marks(side)}", side.answer if side.answer is not None else f"({side.status})")
            for name, side in (("base", self.base), ("tuned", self.tuned))
        ]
        facts = " · ".join(filter(None, (self.example_id, self.question_type, self.kind)))
        return card([], [heading(self.question), truth, *said, note(facts)])

    @property
    def example_id(self) -> str:
        """The id of the example."""
        return self.base.example_id

    @property
    def group(self) -> str:
        """The row's cluster, e.g. its image."""
        return self.base.group

    @property
    def kind(self) -> QuestionKind:
        """Whether the question is closed or open."""
        return self.base.kind

    @property
    def question_type(self) -> str | None:
        """The question's type."""
        return self.base.question_type

    @property
    def question(self) -> str:
        """What was asked."""
        return self.base.question

    @property
    def answers(self) -> tuple[str, ...]:
        """What counts as right."""
        return self.base.answers

    def outcome(self, scorer: str) -> Outcome:
        """Return what became of the example.

        Args:
            scorer: The name of the scorer that decides.
        """
        before, after = self.base.value(scorer), self.tuned.value(scorer)
        if before is None or after is None:
            return Outcome.INCOMPLETE
        if before == after:
            return Outcome.BOTH_RIGHT if after >= 0.5 else Outcome.BOTH_WRONG  # noqa: PLR2004 - half of the scale
        return Outcome.WON if after > before else Outcome.LOST


def _marks(row: ScoredRow) -> str:
    """Return a row's scores in short, e.g. "(exact 1, judge 0.67)"."""
    marks = [f"{name} {score.value:.2g}" for name, score in row.scores.items() if isinstance(score, Score)]
    return f"({', '.join(marks)})" if marks else ""


Slicer: TypeAlias = str | Callable[[ScoredRow], object]
"""What to slice by: "kind", "question_type", a column of the metadata, or a function of a row."""

ALL = "all"

NONE = "(none)"
_OWN_SLICERS = {ALL, "kind", "question_type"}


def slicer_name(slicer: Slicer) -> str:
    """Name a slicer for tables.

    Args:
        slicer: A column's name or a function.
    """
    return slicer if isinstance(slicer, str) else getattr(slicer, "__name__", type(slicer).__name__)


def slice_value(row: ScoredRow, slicer: Slicer) -> str:
    """Return which slice a row belongs to.

    Args:
        row: The row.
        slicer: What to slice by.

    Returns:
        The slice's name; "(none)" where the row has no value there.
    """
    if callable(slicer):
        value = slicer(row)
    elif slicer == "kind":
        value = row.kind
    elif slicer == "question_type":
        value = row.question_type
    else:
        value = row.metadata.get(slicer)
    return NONE if value is None else str(value)


def slice_rows(rows: Sequence[ScoredRow], slicer: Slicer) -> dict[str, list[int]]:
    """Sort rows into slices.

    Args:
        rows: The rows.
        slicer: What to slice by; "all" for one slice that holds everything.

    Returns:
        The positions of each slice's rows, slices in the order of their names.

    Raises:
        EvaluationError: If the slicer is a column that no row has.
    """
    found: dict[str, list[int]] = {}
    for position, row in enumerate(rows):
        found.setdefault(ALL if slicer == ALL else slice_value(row, slicer), []).append(position)
    if found.keys() == {NONE} and isinstance(slicer, str) and slicer not in _OWN_SLICERS:
        _check_column(rows, slicer)
    return dict(sorted(found.items()))


def _check_column(rows: Sequence[ScoredRow], column: str) -> None:
    columns = dict.fromkeys(name for row in rows for name in row.metadata)
    if column not in columns:
        there = f"the metadata has {', '.join(map(repr, columns))}" if columns else "there is no metadata"
        hint = "Carry the column along with Columns(metadata=(…,)), or slice by 'kind' or 'question_type'."
        raise EvaluationError(f"slice_by is {shown(column)}, a column that no row has; {there}", hint=hint)


def as_slicers(slice_by: Slicer | Sequence[Slicer] | None) -> tuple[Slicer, ...]:
    """Return one slicer, several, or none, as a tuple.

    Args:
        slice_by: What the caller gave.
    """
    if slice_by is None:
        return ()
    return (slice_by,) if isinstance(slice_by, str) or callable(slice_by) else tuple(slice_by)
