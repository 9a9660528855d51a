"""Where more training data would help.

Unlabelled images that look like those a model fails on.

Where errors are, and how many training examples to add where.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqaft.data import ImageTable, VQAExample, question_kind
from vqaft.errors import EvaluationError
from vqaft.evaluation.evaluation import Evaluation
from vqaft.evaluation.rows import ScoredRow
from vqaft.evaluation.scorers.normalize import folded_text
from vqaft.evaluation.slices import Slicer, slice_rows, slice_value
from vqaft.evaluation.statistics.clustered_mean import mean_interval
from vqaft.evaluation.statistics.clusters import cluster_codes
from vqaft.evaluation.statistics.interval import Estimate, Interval
from vqaft.evaluation.statistics.learning_curve import LearningCurve, fit_curve, usual_curve
from vqaft.evaluation.summary import score_values
from vqaft.evaluation.tables import Table, data_frame, estimate_text, paragraph, points
from vqaft.images import NEAR_DISTANCE, nearest_across

LIKE = 20


"""Bits of 64 in which images that still have something in common differ at most."""


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
        it would give its answer away.

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
    near_any = nearest_across(table.phash[mine], table.phash[theirs][table.visible[theirs]]).distance
    near = nearest_across(table.phash[mine], table.phash[wanted][table.visible[wanted]]).distance
    own = table.starts[: len(pool)]  # where each example of the pool begins
    leaks = np.logical_or.reduceat((near_any <= NEAR_DISTANCE) | np.isin(mine, theirs), own)
    nearest = np.minimum.reduceat(np.where(table.visible[mine], near, LIKE + 1), own)
    order = np.argsort(nearest, kind="stable")
    return tuple(pool[place].id for place in order if nearest[place] <= LIKE and not leaks[place])


SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class SliceNeed:
    """What a slice would gain from more training data.

    Attributes:
        value: The slice.
        n: Scored test examples of the slice.
        trained: Training examples of the slice.
        error: Mean of 1 minus the score, with its interval.
        unseen: Wrongly answered test examples whose true answer no training example has.
        add: How many training examples to add here.
        gain: What adding them brings to the overall score, as a share of 1, with its plausible range.
    """

    value: str
    n: int
    trained: int
    error: Estimate
    unseen: int
    add: int
    gain: Estimate


@dataclass(frozen=True, kw_only=True)
class DataPlan:
    """What `suggest_data` gives.

    Attributes:
        slices: The slices, those that get most first.
        gain: What the whole plan brings to the overall score.
        unseen_answers: True answers that no training example has, and how often they were missed; most often first.
        candidates: Ids of pool examples worth labelling first: near-duplicates of failures, weightiest first.
        fitted: Whether the gains come from the user's own runs, rather than from the literature's range.
    """

    slices: tuple[SliceNeed, ...]
    gain: Estimate
    unseen_answers: Mapping[str, int] = field(default_factory=dict)
    candidates: tuple[str, ...] = ()
    fitted: bool = False

    @property
    def words(self) -> str:
        """The plan in sentences."""
        total = sum(need.add for need in self.slices)
        source = "your own runs" if self.fitted else "what is usual in the literature, not your data"
        first = f"Adding {total} examples as above should bring {_gain_text(self.gain)} points, by {source}."
        if not self.unseen_answers:
            return first
        shown = ", ".join(f"{answer!r} ({count})" for answer, count in list(self.unseen_answers.items())[:SHOWN])
        return f"{first} Missed answers that no training example has: {shown}."

    def table(self) -> Table:
        """Give the slices as a table."""
        columns = ("slice", ">tested", ">trained", ">error", ">unseen answers", ">add", ">points gained")
        return Table(columns=columns, rows=[_cells(need) for need in self.slices])

    def to_pandas(self) -> Any:
        """Give the slices as a data frame.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        return data_frame([_flat(need) for need in self.slices])

    def __str__(self) -> str:
        return f"{self.table().text()}\n\n{self.words}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table().html() + paragraph(self.words)


def _gain_text(gain: Estimate) -> str:
    ends = gain.interval
    reach = f" ({points(ends.low)} to {points(ends.high)})" if ends else ""
    return f"{points(gain.value)}{reach}"


def _cells(need: SliceNeed) -> tuple[str, ...]:
    counts = str(need.n), str(need.trained), estimate_text(need.error), str(need.unseen), str(need.add)
    return need.value, *counts, _gain_text(need.gain)


def _flat(need: SliceNeed) -> dict[str, Any]:
    counts = {name: getattr(need, name) for name in ("value", "n", "trained", "unseen", "add")}
    return counts | {"error": need.error.value, "gain": need.gain.value}


HALF = 0.5


STEPS = 50


RESAMPLES = 2000


FEWEST_RUNS = 3


def suggest_data(
    evaluation: Evaluation,
    train: Iterable[VQAExample],
    *,
    add: int = 100,
    slice_by: Slicer = "question_type",
    scorer: str | None = None,
    runs: Mapping[int, Evaluation] | None = None,
    examples: Sequence[VQAExample] = (),
    pool: Sequence[VQAExample] = (),
) -> DataPlan:
    """Say where more training examples would help most, and how much.

    Examples are shared out step by step to the slice that gains most from the next one, where the error of a slice
    falls as a power of its own training examples. The power is fitted to `runs`, or else ranges over what is usual in
    the literature; that examples of one slice help another is left out.

    Args:
        evaluation: The tuned model, best on validation data, which the advice may then be fitted to.
        train: What it was trained on.
        add: How many examples could be added.
        slice_by: What to slice by.
        scorer: The scorer that says what an error is; the first one by default.
        runs: Models trained on random parts of the data, evaluated on the same examples, by the number of training
            examples; three different numbers at least.
        examples: The evaluated examples, whose images `pool` is held against.
        pool: Examples that could be labelled and added; those that look like failures come first, near-duplicates of
            evaluated images excepted, which would leak.

    Raises:
        EvaluationError: If nothing was scored, `add` is below 1, or there are fewer than three runs.
        ImageError: If an image of `examples` or `pool` cannot be read.
    """
    name = next(iter(evaluation.scorers)) if scorer is None else scorer
    rows = [row for row in evaluation.rows if row.value(name) is not None]
    if not rows or add < 1:
        raise EvaluationError("there is nothing to plan: no scored answer, or no example to add")
    curve = _curve(runs, name) if runs else usual_curve()
    trained = tuple(train)
    counts = Counter(slice_value(_as_row(example), slice_by) for example in trained if example.answers)
    known = {folded_text(answer) for example in trained for answer in example.answers}
    needs = _needs(rows, name, slice_by, counts=counts, known=known)
    shared = _share_out(needs, curve, add=add, total=len(rows))
    missed = Counter(row.answers[0] for row in rows if _failed(row, name) and _unseen(row, known))
    failures = {row.example_id for row in rows if _failed(row, name)}
    return DataPlan(
        slices=tuple(shared),
        gain=_sum_of(shared),
        unseen_answers=dict(missed.most_common()),
        candidates=alike_examples(pool, examples, liked=failures),
        fitted=curve.fitted,
    )


def _curve(runs: Mapping[int, Evaluation], scorer: str) -> LearningCurve:
    if len(runs) < FEWEST_RUNS:
        raise EvaluationError(f"a learning curve needs {FEWEST_RUNS} runs at least, and there are {len(runs)}")
    sizes = sorted(runs)
    rows = [{row.example_id: row for row in runs[size].rows} for size in sizes]
    shared = [name for name in rows[0] if all(name in run for run in rows)]
    values = np.array([score_values([run[name] for name in shared], scorer) for run in rows])
    whole = ~np.isnan(values).any(axis=0)
    if not whole.any():
        raise EvaluationError("no example has a score in every run")
    codes = cluster_codes([rows[0][name].group for name in shared])[whole]
    wrong = np.array([np.bincount(codes, weights=1 - run[whole]) for run in values])
    used = np.bincount(codes) > 0
    return fit_curve(np.array(sizes, dtype=np.float64), wrong[:, used], resamples=RESAMPLES, seed=0)


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
) -> list[SliceNeed]:
    errors = 1 - score_values(rows, scorer)
    codes = cluster_codes([row.group for row in rows])
    needs = []
    for value, members in slice_rows(rows, slice_by).items():
        places = np.array(members, dtype=np.intp)
        lost = [rows[place] for place in members if _failed(rows[place], scorer)]
        needs.append(
            SliceNeed(
                value=value,
                n=len(members),
                trained=counts.get(value, 0),
                error=_error(errors[places], codes[places]),
                unseen=sum(_unseen(row, known) for row in lost),
                add=0,
                gain=Estimate(value=0.0),
            )
        )
    return needs


def _error(errors: NDArray[np.float64], codes: NDArray[np.intp]) -> Estimate:
    return Estimate(value=float(errors.mean()), interval=mean_interval(errors, codes))


def _failed(row: ScoredRow, scorer: str) -> bool:
    value = row.value(scorer)
    return value is not None and value < HALF


def _unseen(row: ScoredRow, known: set[str]) -> bool:
    return known.isdisjoint(folded_text(answer) for answer in row.answers)


def _share_out(needs: Sequence[SliceNeed], curve: LearningCurve, *, add: int, total: int) -> list[SliceNeed]:
    given = [0] * len(needs)
    step = max(1, add // STEPS)
    left = add
    while left > 0:
        part = min(step, left)
        gains = [
            _gain(need, curve, given[place] + part, total)[0] - _gain(need, curve, given[place], total)[0]
            for place, need in enumerate(needs)
        ]
        best = int(np.argmax(gains))
        if gains[best] <= 0:
            break  # more data do not help, by the runs
        given[best] += part
        left -= part
    planned = [_planned(need, curve, extra, total) for need, extra in zip(needs, given, strict=True)]
    return sorted(planned, key=lambda need: (-need.add, -(need.error.value or 0.0), need.value))


def _gain(need: SliceNeed, curve: LearningCurve, extra: int, total: int) -> tuple[float, float, float]:
    error, now = need.error.value or 0.0, max(1, need.trained)
    middle, lowest, highest = curve.error(error, now=now, then=now + extra)
    share = need.n / total
    return share * (error - middle), share * (error - highest), share * (error - lowest)


def _planned(need: SliceNeed, curve: LearningCurve, extra: int, total: int) -> SliceNeed:
    middle, low, high = _gain(need, curve, extra, total)
    gain = Estimate(value=middle, interval=Interval(low=low, high=high, method="learning curve"))
    values = {name: getattr(need, name) for name in need.__dataclass_fields__}
    return SliceNeed(**{**values, "add": extra, "gain": gain})


def _sum_of(needs: Sequence[SliceNeed]) -> Estimate:
    ends = [need.gain.interval for need in needs if need.gain.interval]
    low, high = sum(end.low for end in ends), sum(end.high for end in ends)
    return Estimate(
        value=sum(need.gain.value or 0.0 for need in needs),
        interval=Interval(low=low, high=high, method="learning curve"),
    )
