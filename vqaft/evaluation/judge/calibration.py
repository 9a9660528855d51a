"""How far a judge agrees with people."""

from __future__ import annotations

from dataclasses import dataclass

from vqaft.evaluation.figures import percent, percent_range, points, points_range
from vqaft.evaluation.interval import Estimate
from vqaft.evaluation.score import Answered
from vqaft.evaluation.table import Table, paragraph


@dataclass(frozen=True, kw_only=True)
class HumanLabel:
    """What a person says of an answer.

    Attributes:
        answered: The example and the answer.
        level: The name of the level that the person chose.
    """

    answered: Answered
    level: str


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """What `calibrate` gives.

    Attributes:
        levels: The levels, best first.
        confusion: How often each pair of levels was given: a row a level of the people's, a column one of the judge's.
        failed: Answers that the judge gave no rating to.
        agreement: Share of answers with the same level from both.
        kappa: Cohen's kappa with quadratic weights, -1 to 1.
        alpha: Krippendorff's alpha for ordered levels, at most 1.
        bias: Mean of the judge's score minus the people's, in shares of 1: above 0 the judge is too kind.
    """

    levels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    failed: int
    agreement: Estimate
    kappa: Estimate
    alpha: Estimate
    bias: Estimate

    @property
    def n(self) -> int:
        """Answers with a level from both."""
        return sum(map(sum, self.confusion))

    @property
    def words(self) -> str:
        """The result in a sentence."""
        failed = f"; the judge gave no rating to {self.failed}" if self.failed else ""
        kappa, alpha = _number(self.kappa), _number(self.alpha)
        return (
            f"On {self.n} answers judge and people agree in {percent(self.agreement.value)} "
            f"({percent_range(self.agreement.interval)}); weighted kappa {kappa}, Krippendorff's alpha {alpha}; the "
            f"judge is off by {points(self.bias.value)} points on average ({points_range(self.bias.interval)}){failed}."
        )

    def table(self) -> Table:
        """Give the confusion as a table."""
        rows = [(level, *map(str, counts)) for level, counts in zip(self.levels, self.confusion, strict=True)]
        return Table(columns=("people \\ judge", *(f">{level}" for level in self.levels)), rows=rows)

    def __str__(self) -> str:
        return f"{self.table().text()}\n\n{self.words}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.table().html() + paragraph(self.words)


def _number(estimate: Estimate) -> str:
    if estimate.value is None:
        return "–"
    ends = estimate.interval
    reach = f" ({ends.low:.2f} to {ends.high:.2f})" if ends else ""
    return f"{estimate.value:.2f}{reach}".replace("-", "−")
