"""What would make training cheaper, in tokens of an epoch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from vqaft.records.cost.row_cost import SMALL_SIDE, RowCost
from vqaft.records.tokens.token_range import TokenRange, exactly


@dataclass(frozen=True, kw_only=True)
class Saving:
    """One way to pay less.

    Attributes:
        name: What to do.
        tokens: How many tokens of an epoch it saves.
    """

    name: str
    tokens: TokenRange


def savings_of(costs: Sequence[RowCost]) -> tuple[Saving, ...]:
    """Find what would save anything, the most first; they do not add up.

    Args:
        costs: What the rows cost.
    """
    ways = (
        Saving(name="leaving out few-shot examples", tokens=_total([cost.few_shot for cost in costs])),
        Saving(name='detail "low"', tokens=_total([_less(cost.images, cost.images_low) for cost in costs])),
        Saving(
            name=f"shrinking images to {SMALL_SIDE} pixels",
            tokens=_total([_less(cost.images, cost.images_small) for cost in costs]),
        ),
        Saving(name="one conversation an image", tokens=_together(costs)),
    )
    worth = [way for way in ways if way.tokens.high > 0]
    return tuple(sorted(worth, key=lambda way: -way.tokens.high))


def _together(costs: Sequence[RowCost]) -> TokenRange:
    """Every row of an image after the first saves the image, the instructions and the few-shot examples."""
    rows: dict[tuple[Hashable, ...], list[RowCost]] = defaultdict(list)
    for cost in costs:
        rows[cost.shown_keys].append(cost)
    more = [cost for keys, same in rows.items() if keys for cost in same[1:]]
    return _total([cost.shown.plus(cost.few_shot).plus(exactly(cost.instructions)) for cost in more])


def _less(now: TokenRange, then: TokenRange) -> TokenRange:
    # Either reading of the rules holds for both, so that their ends belong together.
    low, high = sorted((max(0, now.low - then.low), max(0, now.high - then.high)))
    return TokenRange(low, high)


def _total(ranges: Sequence[TokenRange]) -> TokenRange:
    return TokenRange(sum(part.low for part in ranges), sum(part.high for part in ranges))
