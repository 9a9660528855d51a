"""What a report is about: two models compared, or several, by one face."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from vqaft.errors import EvaluationError
from vqaft.evaluation import Comparison, ModelComparison, Outcome, PairedRow, ScoredRow, SliceComparison

TWO = ("base", "tuned")


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Models on the same examples.

    Attributes:
        main: The first two compared in full.
        scorer: The name of the scorer that decides.
        names: What each model is called, in their order: "base" and "tuned" where there are two alone.
        models: The comparison of several; None where there are two alone.
    """

    main: Comparison
    scorer: str
    names: tuple[str, ...]
    models: ModelComparison | None

    @classmethod
    def of(cls, comparison: Comparison | ModelComparison, scorer: str | None = None) -> Compared:
        """Return what a report needs of a comparison.

        Args:
            comparison: Of two models, or of several.
            scorer: The name of the scorer that decides; by default the first one, of several models the one that they
                were compared by.

        Raises:
            EvaluationError: If there is no such scorer, or several models were compared by another one.
        """
        if isinstance(comparison, Comparison):
            return cls(main=comparison, scorer=comparison.overall(scorer).scorer, names=TWO, models=None)
        decides = comparison.main.overall(scorer or comparison.scorer).scorer
        if decides != comparison.scorer:
            message = f"the models were compared by {comparison.scorer}, not by {decides}"
            raise EvaluationError(message, hint=f"compare_models(…, scorer={decides!r}) compares them by it.")
        return cls(main=comparison.main, scorer=decides, names=tuple(comparison.evaluations), models=comparison)

    @property
    def overall(self) -> SliceComparison:
        """The first two models over all examples, by the scorer that decides."""
        return self.main.overall(self.scorer)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The names of every two models."""
        return tuple(combinations(self.names, 2))

    def sides(self, row: PairedRow) -> tuple[ScoredRow | None, ...]:
        """Return an example as every model answered it; None for a further model that was never asked.

        Args:
            row: A row of the first two models.
        """
        others = self.models.others.values() if self.models else ()
        return (row.base, row.tuned, *(rows.get(row.example_id) for rows in others))

    def rows(self) -> Iterator[tuple[ScoredRow | None, ...]]:
        """Yield every example of any model as each answered it, those of the first two models first."""
        yield from map(self.sides, self.main.rows)
        others = list(self.models.others.values()) if self.models else []
        known = {row.example_id for row in self.main.rows}
        for name in dict.fromkeys(name for rows in others for name in rows if name not in known):
            yield (None, None, *(rows.get(name) for rows in others))

    def outcomes(self, sides: tuple[ScoredRow | None, ...]) -> tuple[Outcome, ...]:
        """Return what became of an example from one model to another, for every pair in the order of `pairs`.

        Args:
            sides: The example as every model answered it.
        """
        return tuple(
            PairedRow(base=before, tuned=after).outcome(self.scorer) if before and after else Outcome.INCOMPLETE
            for before, after in combinations(sides, 2)
        )
