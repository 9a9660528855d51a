"""What stands behind a comparison: data, day, split, judge, costs and settings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from vqaft.data import SplitReport
from vqaft.evaluation import Calibration, JudgeConsistency
from vqaft.serialization import reduce_by_fields


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Cost of one stage.

    Attributes:
        what: The stage, e.g. "training" or "answers of the base model".
        tokens: Tokens billed, where they are known.
        amount: The price, where it is known.
        currency: What the price is in.
    """

    what: str
    tokens: int | None = None
    amount: float | None = None
    currency: str = "USD"


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What a reader needs to believe a comparison, and to repeat it.

    Attributes:
        split: What the parts of the data share: `split.report`, or the result of `audit_splits`.
        calibration: How far the judge agrees with people.
        consistency: How far the judge agrees with itself.
        costs: What each stage cost.
        settings: Anything needed to repeat the run, by name: the system prompt, the seed of the split, the job's id.
        data: What was compared on, e.g. "receipts, test part"; shown in the head.
        date: The day that is shown in the head; today where None. Set it where equal inputs are to give equal bytes on
            every day.
    """

    split: SplitReport | None = None
    calibration: Calibration | None = None
    consistency: JudgeConsistency | None = None
    costs: tuple[Cost, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    data: str | None = None
    date: dt.date | None = None

    __reduce__ = reduce_by_fields

    def __post_init__(self) -> None:
        object.__setattr__(self, "costs", tuple(self.costs))
        object.__setattr__(self, "settings", MappingProxyType(dict(self.settings)))

    @property
    def total(self) -> Mapping[str, float]:
        """The sum of the known prices, by currency."""
        sums: dict[str, float] = {}
        for cost in self.costs:
            if cost.amount is not None:
                sums[cost.currency] = sums.get(cost.currency, 0.0) + cost.amount
        return sums
