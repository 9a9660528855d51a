"""How often each level was given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vqaft.evaluation.paired_row import PairedRow
from vqaft.evaluation.score import Score


@dataclass(frozen=True, kw_only=True)
class RatingDistribution:
    """The levels that one labelled scorer gave to two models, over the examples that both have a level for.

    Attributes:
        scorer: The scorer's name.
        levels: The levels, best first.
        base: How often each was given to the base model's answers, in the order of `levels`.
        tuned: The same for the tuned model's.
    """

    scorer: str
    levels: tuple[str, ...]
    base: tuple[int, ...]
    tuned: tuple[int, ...]


def rating_distribution(
    rows: Iterable[PairedRow], scorer: str, levels: tuple[str, ...] = ()
) -> RatingDistribution | None:
    """Count the levels of a scorer.

    Args:
        rows: The paired rows.
        scorer: The scorer's name.
        levels: Its levels, best first, where they are known; levels that were seen and are not among them follow.

    Returns:
        The counts; None where no score has a level.
    """
    values: dict[str, float] = {}
    before: Counter[str] = Counter()
    after: Counter[str] = Counter()
    for row in rows:
        pair = row.base.scores.get(scorer), row.tuned.scores.get(scorer)
        old, new = pair
        if not (isinstance(old, Score) and isinstance(new, Score) and old.label and new.label):
            continue
        values |= {old.label: old.value, new.label: new.value}
        before[old.label] += 1
        after[new.label] += 1
    order = _order(values, levels)
    if not values:
        return None
    return RatingDistribution(
        scorer=scorer,
        levels=order,
        base=tuple(before[level] for level in order),
        tuned=tuple(after[level] for level in order),
    )


def _order(values: Mapping[str, float], levels: tuple[str, ...]) -> tuple[str, ...]:
    seen = sorted(values.keys() - set(levels), key=lambda level: (-values[level], level))
    return (*levels, *seen)
