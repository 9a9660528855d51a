"""What to know before trusting a comparison, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vqaft.data import MIN_CLUSTERS
from vqaft.evaluation.slice_comparison import SliceComparison
from vqaft.evaluation.slices import ALL
from vqaft.evaluation.tables import estimate_text, points, points_range
from vqaft.evaluation.verdict import could_turn


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
