"""What to know before trusting a comparison."""

from __future__ import annotations

from collections.abc import Sequence

from vqaft.evaluation.figures import points
from vqaft.evaluation.slice_comparison import SliceComparison, Verdict
from vqaft.evaluation.slices import ALL

FEW_CLUSTERS = 20


def find_caveats(slices: Sequence[SliceComparison], *, level: float) -> tuple[str, ...]:
    """Find what a reader has to know before trusting the verdicts.

    Args:
        slices: The comparison's slices.
        level: 1 minus the level of the tests.
    """
    overall = [part for part in slices if part.by == ALL]
    found = [sentence for part in overall for sentence in (_missing(part), _few(part, level)) if sentence]
    found += _several(overall, level=level)
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


def _few(part: SliceComparison, level: float) -> str | None:
    if not 0 < part.clusters < FEW_CLUSTERS:
        return None
    hopeless = (
        " too few for any difference to be shown." if 2 ** (1 - part.clusters) > 1 - level else " intervals are rough."
    )
    return f"{part.scorer}: the examples come from {part.clusters} groups (images) only;{hopeless}"


def _several(overall: Sequence[SliceComparison], *, level: float) -> list[str]:
    if len({part.verdict for part in overall}) < 2 or len(overall) < 2:  # noqa: PLR2004 - one scorer, or all agree
        return []
    chance = 100 * (1 - level)
    return [f"The scorers disagree. Each verdict alone is wrong {chance:.0f} times in 100: choose the scorer first."]
