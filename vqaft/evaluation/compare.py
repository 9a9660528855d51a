"""Compare two models on the same examples.

What to know before trusting a comparison, in sentences.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vqaft.data import MIN_CLUSTERS
from vqaft.errors import EvaluationError
from vqaft.evaluation.comparison import Comparison, rating_distribution
from vqaft.evaluation.evaluation import Evaluation
from vqaft.evaluation.rows import ALL, NONE, PairedRow, ScoredRow, Slicer, as_slicers, slice_rows, slicer_name
from vqaft.evaluation.scorer_facts import merged_usage
from vqaft.evaluation.slice_comparison import ComparisonSettings, SliceComparison, SliceFigures, compare_slice
from vqaft.evaluation.statistics.clusters import cluster_codes
from vqaft.evaluation.statistics.paired_tests import holm
from vqaft.evaluation.summary import score_values
from vqaft.evaluation.tables import estimate_text, points, points_range
from vqaft.evaluation.verdict import could_turn, decide, decide_by_margin, in_words
from vqaft.typed import typed_call


def find_caveats(slices: Sequence[SliceComparison], *, confidence: float) -> tuple[str, ...]:
    """Return what a reader has to know before trusting the verdicts.

    Args:
        slices: The comparison's slices.
        confidence: The confidence level of the intervals; tests are made at 1 minus it.
    """
    overall = [part for part in slices if part.slice_by == ALL]
    found = [
        sentence for part in overall for sentence in (*_missing(part), *_few(part, 1 - confidence), *_uneven(part))
    ]
    return tuple(dict.fromkeys([*found, *_several(overall)]))


def _missing(part: SliceComparison) -> Iterator[str]:
    missing, counted = part.missing, part.counted_wrong
    if not missing.base_missing + missing.tuned_missing:
        return
    counts = f"{missing.base_missing} scores of base and {missing.tuned_missing} of tuned are missing"
    wrong = (
        f"counted as wrong, base has {estimate_text(counted.base)}, tuned {estimate_text(counted.tuned)} and the "
        f"difference is {points(counted.difference.value)} points ({points_range(counted.difference.interval)})"
    )
    low, high = missing.worst, missing.best
    ends = f"at worst {points(low.value)} ({points_range(low.interval)}), at best {points(high.value)}"
    turned = ", which could turn the result" if could_turn(part, part.verdict) else ""
    yield f"{part.scorer}: {counts}; {wrong}; were they known: {ends} ({points_range(high.interval)}){turned}."


def _few(part: SliceComparison, alpha: float) -> Iterator[str]:
    if not part.n:
        return
    images = f"{part.scorer}: the examples come from {part.clusters} images or groups only"
    if 2 ** (1 - part.clusters) > alpha:
        yield f"{images}; too few for any difference to be shown."
    elif part.clusters < MIN_CLUSTERS:
        yield f"{images}; too few to say which gain would be missed."


def _uneven(part: SliceComparison) -> Iterator[str]:
    if part.uneven:
        yield (
            f"{part.scorer}: a few images hold most of the questions; the intervals are unreliable and may cover the "
            "true value less often than they say."
        )


def _several(overall: Sequence[SliceComparison]) -> Iterator[str]:
    if len(overall) > 1:
        yield (
            f"{len(overall)} scorers were compared; the p-values over all examples are corrected for that (Holm), the "
            "intervals are not."
        )
    if len({part.verdict for part in overall}) > 1:
        yield "The scorers disagree: choose beforehand which one decides."


Part: TypeAlias = tuple[str, str, NDArray[np.intp]]


@typed_call
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
    """Compare a tuned model with its base on the same examples and by the same scorers.

    Rows are paired by example id, and only pairs with both scores are averaged. What is missing is counted; the figures
    with missing answers counted as wrong stand beside, and a verdict that missing answers could turn says so. Rows of
    one group (image) are taken as dependent throughout. Tests are corrected by Holm: the test over all examples for
    the number of scorers, those of slices for the number of slices and scorers.

    Args:
        base: The base model's evaluation.
        tuned: The tuned model's.
        slice_by: What to slice by: "kind" (closed, open), "question_type", a column of the metadata, a function of a
            row, or several of these; None for all examples alone.
        confidence: Confidence level of the intervals, 0 to 1; tests are made at 1 minus it.
        resamples: Bootstrap draws behind the intervals.
        seed: Seed of the draws; the same seed gives the same comparison.
        margin: The largest difference that does not matter, as a share of 1, set before looking: asks also whether
            the tuned model is equivalent, or at least not worse.

    Returns:
        Figures, tests and verdicts for each scorer and slice, and the paired rows.

    Raises:
        EvaluationError: If the two do not have the same scorers with the same settings, share no example, or show
            different questions or answers under one id, or a setting lies outside its range.
    """
    _check_scorers(base, tuned)
    rows = pair_rows(base, tuned)
    settings = ComparisonSettings(confidence=confidence, resamples=resamples, seed=seed, margin=margin)
    parts = _parts([row.base for row in rows], as_slicers(slice_by))
    codes = cluster_codes([row.group for row in rows])
    asked = np.array(["missing" not in {row.base.status, row.tuned.status} for row in rows])
    figures = {
        scorer: _figures(rows, scorer, parts=parts, codes=codes, asked=asked, settings=settings)
        for scorer in base.scorers
    }
    slices = _corrected(parts, figures, settings)
    found = (rating_distribution(rows, name, facts.levels) for name, facts in base.scorers.items())
    return Comparison(
        base_model=base.model,
        tuned_model=tuned.model,
        scorers=merged_usage([base.scorers, tuned.scorers]),
        slices=slices,
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
    if [row.example_id for row in base.rows] == [row.example_id for row in tuned.rows] and base.rows:
        return tuple(_pair(old, new, base.model, tuned.model) for old, new in zip(base.rows, tuned.rows, strict=True))
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


def _figures(
    rows: Sequence[PairedRow],
    scorer: str,
    *,
    parts: Sequence[Part],
    codes: NDArray[np.intp],
    asked: NDArray[np.bool_],
    settings: ComparisonSettings,
) -> list[SliceFigures]:
    base, tuned = score_values([row.base for row in rows], scorer), score_values([row.tuned for row in rows], scorer)
    return [
        compare_slice(base[members], tuned[members], codes[members], settings, asked=asked[members])
        for _, _, members in parts
    ]


def _corrected(
    parts: Sequence[Part], figures: Mapping[str, Sequence[SliceFigures]], settings: ComparisonSettings
) -> tuple[SliceComparison, ...]:
    # Two families: the overall tests of all scorers, and all tests of slices. Slices that hold the same rows (all
    # closed questions are of one type) are one test, made once.
    p_values: dict[bool, dict[tuple[str, bytes], float]] = {True: {}, False: {}}
    for scorer, found in figures.items():
        for (slice_by, _, members), part in zip(parts, found, strict=True):
            if part.test is not None:
                p_values[slice_by == ALL][scorer, members.tobytes()] = part.test.p_value
    adjusted = {family: dict(zip(known, holm(list(known.values())), strict=True)) for family, known in p_values.items()}
    return tuple(
        _decided(scorer, place, part, adjusted[place[0] == ALL], settings)
        for scorer, found in figures.items()
        for place, part in zip(parts, found, strict=True)
    )


def _decided(
    scorer: str,
    place: Part,
    figures: SliceFigures,
    adjusted: Mapping[tuple[str, bytes], float],
    settings: ComparisonSettings,
) -> SliceComparison:
    slice_by, value, members = place
    if figures.test is not None:
        test = replace(figures.test, p_adjusted=adjusted[scorer, members.tobytes()])
        figures = replace(figures, test=test)
    verdict = decide(figures.difference, figures.test, alpha=1 - settings.confidence)
    verdict = decide_by_margin(verdict, figures.margin_interval, margin=settings.margin)
    words = in_words(figures, verdict, margin=settings.margin)
    values = {name: getattr(figures, name) for name in SliceFigures.__dataclass_fields__}
    return SliceComparison(**values, scorer=scorer, slice_by=slice_by, value=value, verdict=verdict, words=words)
