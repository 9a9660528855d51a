"""Where the errors are, and what training has not shown: a ranking, without a forecast of what more data bring.

A learning curve fitted to runs, or taken from the literature, foretold gains six to nine times too small in trials, so
none is drawn. Whether more examples help is found out by training with them and comparing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic import NonNegativeInt

from vqaft.data import ImageTable, VQAExample, question_kind
from vqaft.errors import EvaluationError
from vqaft.evaluation.evaluation import Evaluation
from vqaft.evaluation.rows import ScoredRow, Slicer, slice_rows, slice_value
from vqaft.evaluation.scorers.normalize import folded_text
from vqaft.evaluation.statistics.clustered_mean import mean_interval
from vqaft.evaluation.statistics.clusters import cluster_codes
from vqaft.evaluation.statistics.interval import Estimate
from vqaft.evaluation.summary import score_values
from vqaft.evaluation.tables import Table, data_frame, estimate_text, paragraph, percent
from vqaft.images import NEAR_DISTANCE, nearest_across
from vqaft.typed import typed, typed_call

MAX_SIMILAR_DISTANCE = 20
"""Bits of 64 in which images that still have something in common differ at most."""
SHOWN = 10
HALF = 0.5


@dataclass(frozen=True, kw_only=True)
@typed
class SliceNeed:
    """Errors of one slice beside its training data.

    Attributes:
        value: The slice.
        n: Scored test examples of the slice.
        trained: Training examples of the slice.
        error: Mean of 1 minus the score, with its interval.
        share_of_errors: Share of everything that was lost on all slices together, 0 to 1.
        unseen: Wrongly answered test examples whose true answer no training example has.
    """

    value: str
    n: NonNegativeInt
    trained: NonNegativeInt
    error: Estimate
    share_of_errors: float
    unseen: NonNegativeInt


@dataclass(frozen=True, kw_only=True)
@typed
class DataPlan:
    """Slices ranked by what is lost on them, and what to label first.

    Attributes:
        slices: The slices, the one with the largest share of the errors first.
        unseen_answers: True answers that no training example has, and how often they were missed; most often first.
        candidates: Ids of pool examples to label first: those whose images look like failures, most similar first.
    """

    slices: tuple[SliceNeed, ...]
    unseen_answers: Mapping[str, int] = field(default_factory=dict, hash=False)
    candidates: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The ranking in sentences."""
        first, rest = self.slices[0], "how much more examples would help is not foretold: train with them and compare."
        if not first.share_of_errors:
            return "Nothing was lost on the scored examples."
        found = f"{percent(first.share_of_errors)} of what was lost is lost on {first.value!r}; {rest}"
        if not self.unseen_answers:
            return found
        shown = ", ".join(f"{answer!r} ({count})" for answer, count in list(self.unseen_answers.items())[:SHOWN])
        return f"{found} Missed answers that no training example has: {shown}."

    def table(self) -> Table:
        """Return the slices as a table."""
        columns = ("slice", ">tested", ">trained", ">error", ">share of errors", ">unseen answers")
        return Table(columns=columns, rows=[_cells(need) for need in self.slices])

    def to_pandas(self) -> Any:
        """Return the slices as a data frame.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        return data_frame([_flat(need) for need in self.slices])

    def __str__(self) -> str:
        return f"{self.table().text()}\n\n{self.words}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table().html() + paragraph(self.words)


@typed_call
def suggest_data(
    evaluation: Evaluation,
    train: Iterable[VQAExample],
    *,
    slice_by: Slicer = "question_type",
    scorer: str | None = None,
    examples: Sequence[VQAExample] = (),
    pool: Sequence[VQAExample] = (),
) -> DataPlan:
    """Rank the slices by their share of the errors, beside what training has shown of them.

    Args:
        evaluation: The tuned model's, best on validation data, which the advice may then be fitted to.
        train: What it was trained on.
        slice_by: What to slice by.
        scorer: The scorer that says what an error is; the first one by default.
        examples: The evaluated examples, with which the images of `pool` are compared.
        pool: Examples that could be labeled and added; those that look like failures come first, near-duplicates of
            evaluated images excepted, which would leak.

    Raises:
        EvaluationError: If nothing was scored.
        ImageError: If an image of `examples` or `pool` cannot be read.
    """
    name = next(iter(evaluation.scorers)) if scorer is None else scorer
    rows = [row for row in evaluation.rows if row.value(name) is not None]
    if not rows:
        raise EvaluationError("there is nothing to rank: no answer has a score")
    trained = tuple(train)
    counts = Counter(slice_value(_as_row(example), slice_by) for example in trained if example.answers)
    known = {folded_text(answer) for example in trained for answer in example.answers}
    missed = Counter(row.answers[0] for row in rows if _failed(row, name) and _unseen(row, known))
    failures = {row.example_id for row in rows if _failed(row, name)}
    return DataPlan(
        slices=_needs(rows, name, slice_by, counts=counts, known=known),
        unseen_answers=dict(missed.most_common()),
        candidates=alike_examples(pool, examples, liked=failures),
    )


def alike_examples(
    pool: Sequence[VQAExample], examples: Sequence[VQAExample], *, liked: Collection[str]
) -> tuple[str, ...]:
    """Rank examples of a pool by how much their images look like some of the evaluated ones.

    Args:
        pool: The examples to choose from.
        examples: The evaluated examples.
        liked: The ids of those to look for, e.g. the failures.

    Returns:
        Ids from the pool, most alike first. An image that is, or nearly is, an evaluated one is left out: trained on,
        it would leak its answer.

    Raises:
        ImageError: If an image cannot be read.
    """
    if not pool or not examples:
        return ()
    table = ImageTable.of([*pool, *examples])
    border = table.starts[len(pool)]
    mine, theirs = table.shown[:border], table.shown[border:]
    owners = table.owner[border:] - len(pool)
    likeable = np.array([example.id in liked for example in examples])
    wanted = theirs[likeable[owners]]
    near_any = nearest_across(
        table.phash[mine], table.phash[theirs][table.visible[theirs]], within=NEAR_DISTANCE
    ).distance
    liked_looks = table.phash[wanted][table.visible[wanted]]
    near = nearest_across(table.phash[mine], liked_looks, within=MAX_SIMILAR_DISTANCE).distance
    own = table.starts[: len(pool)]  # where each example of the pool begins
    leaks = np.logical_or.reduceat((near_any <= NEAR_DISTANCE) | np.isin(mine, theirs), own)
    nearest = np.minimum.reduceat(np.where(table.visible[mine], near, MAX_SIMILAR_DISTANCE + 1), own)
    order = np.argsort(nearest, kind="stable")
    return tuple(pool[place].id for place in order if nearest[place] <= MAX_SIMILAR_DISTANCE and not leaks[place])


def _as_row(example: VQAExample) -> ScoredRow:
    return ScoredRow(
        example_id=example.id,
        group="",
        kind=question_kind(example),
        question_type=example.question_type,
        question=example.question,
        answers=example.answers,
        model="",
        metadata=example.metadata,
    )


def _needs(
    rows: Sequence[ScoredRow], scorer: str, slice_by: Slicer, *, counts: Mapping[str, int], known: set[str]
) -> tuple[SliceNeed, ...]:
    errors = 1 - score_values(rows, scorer)
    codes = cluster_codes([row.group for row in rows])
    total = float(errors.sum()) or 1.0
    needs = []
    for value, members in slice_rows(rows, slice_by).items():
        own = np.array(members, dtype=np.intp)
        error = Estimate(value=float(errors[own].mean()), interval=mean_interval(errors[own], codes[own]))
        needs.append(
            SliceNeed(
                value=value,
                n=len(members),
                trained=counts.get(value, 0),
                error=error,
                share_of_errors=float(errors[own].sum()) / total,
                unseen=sum(_failed(rows[place], scorer) and _unseen(rows[place], known) for place in members),
            )
        )
    return tuple(sorted(needs, key=lambda need: (-need.share_of_errors, need.value)))


def _failed(row: ScoredRow, scorer: str) -> bool:
    value = row.value(scorer)
    return value is not None and value < HALF


def _unseen(row: ScoredRow, known: set[str]) -> bool:
    return known.isdisjoint(folded_text(answer) for answer in row.answers)


def _cells(need: SliceNeed) -> tuple[str, ...]:
    shares = estimate_text(need.error), percent(need.share_of_errors)
    return need.value, str(need.n), str(need.trained), *shares, str(need.unseen)


def _flat(need: SliceNeed) -> dict[str, Any]:
    counts = {name: getattr(need, name) for name in ("value", "n", "trained", "share_of_errors", "unseen")}
    return counts | {"error": need.error.value}
