"""Compare two models on the same examples.

What to know before trusting a comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vqaft.errors import EvaluationError
from vqaft.evaluation.comparison import Comparison, rating_distribution
from vqaft.evaluation.evaluation import Evaluation
from vqaft.evaluation.rows import PairedRow, ScoredRow
from vqaft.evaluation.scorer_identity import merged_usage
from vqaft.evaluation.slice_comparison import ComparisonSettings, SliceComparison, SliceFigures, Verdict, compare_slice
from vqaft.evaluation.slices import ALL, NONE, Slicer, as_slicers, slice_rows, slicer_name
from vqaft.evaluation.statistics.clustered_mean import cluster_codes
from vqaft.evaluation.statistics.paired_tests import holm
from vqaft.evaluation.summary import score_values
from vqaft.evaluation.tables import points
from vqaft.evaluation.verdict import decide, decide_by_margin, in_words

FEW_CLUSTERS = 20


def find_caveats(slices: Sequence[SliceComparison], *, confidence: float) -> tuple[str, ...]:
    """Find what a reader has to know before trusting the verdicts.

    Args:
        slices: The comparison's slices.
        confidence: 1 minus the level of the tests.
    """
    overall = [part for part in slices if part.slice_by == ALL]
    found = [sentence for part in overall for sentence in (_missing(part), _few(part, confidence)) if sentence]
    found += _several(overall, confidence=confidence)
    return tuple(dict.fromkeys(found))


def _missing(part: SliceComparison) -> str | None:
    missing = part.missing
    if not missing.base_missing + missing.tuned_missing:
        return None
    reach = f"{points(missing.worst)} and {points(missing.best)} points"
    turned = (part.verdict is Verdict.BETTER and missing.worst <= 0) or (
        part.verdict is Verdict.WORSE and missing.best >= 0
    )
    warning = ", which could turn the result" if turned else ""
    counts = f"{missing.base_missing} scores of base and {missing.tuned_missing} of tuned"
    return f"{part.scorer}: {counts} are missing; with them the difference lies between {reach}{warning}."


def _few(part: SliceComparison, confidence: float) -> str | None:
    if not 0 < part.clusters < FEW_CLUSTERS:
        return None
    hopeless = (
        " too few for any difference to be shown."
        if 2 ** (1 - part.clusters) > 1 - confidence
        else " intervals are rough."
    )
    return f"{part.scorer}: the examples come from {part.clusters} groups (images) only;{hopeless}"


def _several(overall: Sequence[SliceComparison], *, confidence: float) -> list[str]:
    if len({part.verdict for part in overall}) < 2 or len(overall) < 2:  # noqa: PLR2004 - one scorer, or all agree
        return []
    chance = 100 * (1 - confidence)
    return [f"The scorers disagree. Each verdict alone is wrong {chance:.0f} times in 100: choose the scorer first."]


Part: TypeAlias = tuple[str, str, NDArray[np.intp]]


def compare(
    base: Evaluation,
    tuned: Evaluation,
    *,
    slice_by: Slicer | Sequence[Slicer] | None = ("kind", "question_type"),
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
    margin: float | None = None,
) -> Comparison:
    """Tell whether a tuned model does better than its base, on the same examples and by the same scorers.

    Rows are paired by example id, and only pairs with both scores are averaged; what is missing is counted, and shown
    with the best and the worst that it could do to the difference. Rows of one group (image) are taken as dependent
    throughout. The tests of a scorer's slices are corrected for one another by Holm; its test over all examples is
    the one question asked first, and is not.

    Args:
        base: The base model's evaluation.
        tuned: The tuned model's.
        slice_by: What to slice by: "kind" (closed, open), "question_type", a column of the metadata, a function of a
            row, or several of these; None for all examples alone.
        confidence: Confidence level of the intervals, 0 to 1; tests are made at 1 minus it.
        resamples: Bootstrap draws behind the intervals of differences.
        seed: Seed of the draws; the same seed gives the same comparison.
        margin: The largest difference that does not matter, as a share of 1, set before looking: asks also whether
            the tuned model is equivalent, or at least not worse.

    Returns:
        Figures, tests and verdicts for each scorer and slice, and the paired rows.

    Raises:
        EvaluationError: If the two do not have the same scorers with the same settings, share no example, or show
            different questions or answers under one id.
    """
    _check_scorers(base, tuned)
    rows = pair_rows(base, tuned)
    settings = ComparisonSettings(confidence=confidence, resamples=resamples, seed=seed, margin=margin)
    parts = _parts([row.base for row in rows], as_slicers(slice_by))
    codes = cluster_codes([row.group for row in rows])
    slices: list[SliceComparison] = []
    for scorer in base.scorers:
        values = (
            score_values([row.base for row in rows], scorer),
            score_values([row.tuned for row in rows], scorer),
        )
        figures = [
            compare_slice(values[0][members], values[1][members], codes[members], settings) for _, _, members in parts
        ]
        slices += _judged(scorer, parts, figures, settings)
    found = (rating_distribution(rows, name, facts.levels) for name, facts in base.scorers.items())
    return Comparison(
        base_model=base.model,
        tuned_model=tuned.model,
        scorers=merged_usage([base.scorers, tuned.scorers]),
        slices=tuple(slices),
        ratings=tuple(ratings for ratings in found if ratings is not None),
        rows=rows,
        caveats=(*find_caveats(slices, confidence=confidence), *_scorer_failures(base, tuned)),
        settings=settings,
    )


def _scorer_failures(base: Evaluation, tuned: Evaluation) -> tuple[str, ...]:
    sides = (("base", base), ("tuned", tuned))
    return tuple(
        f"On the {name} model's answers, {sentence}" for name, side in sides for sentence in side.scorer_failures
    )


def pair_rows(base: Evaluation, tuned: Evaluation) -> tuple[PairedRow, ...]:
    """Pair the rows of two evaluations by example id.

    Args:
        base: The base model's evaluation.
        tuned: The tuned model's.

    Returns:
        Every example of either, in the order of base, then what only tuned has.

    Raises:
        EvaluationError: If they share no example, or show different questions or answers under one id.
    """
    before, after = ({row.example_id: row for row in side.rows} for side in (base, tuned))
    if not before.keys() & after.keys():
        raise EvaluationError("the two evaluations have no example in common", hint="Evaluate both on the same data.")
    return tuple(
        _pair(before.get(name), after.get(name), base.model, tuned.model) for name in dict.fromkeys([*before, *after])
    )


def _pair(old: ScoredRow | None, new: ScoredRow | None, base: str, tuned: str) -> PairedRow:
    old = old or _never_asked(new, base)
    new = new or _never_asked(old, tuned)
    if (old.question, old.answers) != (new.question, new.answers):
        message = "question or answers differ between the two evaluations"
        raise EvaluationError(message, example_id=old.example_id, hint="Evaluate both on the same data.")
    return PairedRow(base=old, tuned=new)


def _never_asked(row: ScoredRow | None, model: str) -> ScoredRow:
    assert row is not None  # noqa: S101 - every id comes from one of the two
    return replace(row, model=model, answer=None, failure=None, scores={})


def _check_scorers(base: Evaluation, tuned: Evaluation) -> None:
    if base.scorers.keys() != tuned.scorers.keys():
        names = f"{', '.join(base.scorers)} and {', '.join(tuned.scorers)}"
        raise EvaluationError(f"the two evaluations have different scorers: {names}", hint="Score both by the same.")
    for name, facts in base.scorers.items():
        other = tuned.scorers[name]
        if facts != other:
            message = f"the scorer {name!r} is not the same in both: {facts.description} and {other.description}"
            raise EvaluationError(message, hint="Score both models by the same rule.")


def _parts(rows: Sequence[ScoredRow], slicers: tuple[Slicer, ...]) -> list[Part]:
    found = []
    for slicer in (ALL, *slicers):
        members = slice_rows(rows, slicer)
        if members.keys() == {NONE}:
            continue  # a column that no row has
        found += [(slicer_name(slicer), value, np.array(places, dtype=np.intp)) for value, places in members.items()]
    return found


def _judged(
    scorer: str, parts: Sequence[Part], figures: Sequence[SliceFigures], settings: ComparisonSettings
) -> Iterator[SliceComparison]:
    adjusted = _adjusted(parts[1:], figures[1:])
    for (slice_by, value, members), part in zip(parts, figures, strict=True):
        test = part.test
        if test and slice_by != ALL:
            test = replace(test, p_adjusted=adjusted[members.tobytes()])
        verdict = decide(part.difference, test, confidence=settings.confidence)
        verdict = decide_by_margin(verdict, part.margin_interval, margin=settings.margin)
        words = in_words(part, verdict, test, margin=settings.margin)
        values = {name: getattr(part, name) for name in part.__dataclass_fields__}
        yield SliceComparison(
            **{**values, "test": test}, scorer=scorer, slice_by=slice_by, value=value, verdict=verdict, words=words
        )


def _adjusted(parts: Sequence[Part], figures: Sequence[SliceFigures]) -> dict[bytes, float]:
    # Slices that hold the same rows (all closed questions are of one type) are one test, asked once.
    tested = {
        members.tobytes(): part.test.p_value
        for (_, _, members), part in zip(parts, figures, strict=True)
        if part.test is not None
    }
    return dict(zip(tested, holm(list(tested.values())), strict=True))
