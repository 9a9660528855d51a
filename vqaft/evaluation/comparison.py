"""Two models on the same examples: what the data say, in figures and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from vqaft.errors import EvaluationError
from vqaft.evaluation.comparison_tables import figures_table, ratings_table
from vqaft.evaluation.frame import data_frame
from vqaft.evaluation.paired_row import Outcome, PairedRow
from vqaft.evaluation.ratings import RatingDistribution
from vqaft.evaluation.scorer_facts import ScorerFacts, usage_lines
from vqaft.evaluation.slice_comparison import SliceComparison
from vqaft.evaluation.table import paragraph


@dataclass(frozen=True, kw_only=True)
class ComparisonSettings:
    """How the comparison was computed.

    Attributes:
        level: Confidence level of every interval, 0 to 1; tests are made at 1 minus it.
        resamples: Bootstrap resamples behind the intervals of differences.
        seed: Seed of the resampling.
        margin: The largest loss (non-inferiority) or difference (equivalence) that does not matter, as a share of 1;
            None where nothing of the kind was asked.
    """

    level: float = 0.95
    resamples: int = 10_000
    seed: int = 0
    margin: float | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What `compare` gives.

    Attributes:
        base_model: The base model's name.
        tuned_model: The tuned model's name.
        scorers: The scorers by name, in the order in which they were given; what they cost is that of both models.
        slices: Every scorer on every slice; for each scorer the slice "all" comes first.
        ratings: How often each level was given, for each scorer that has levels.
        rows: The examples with both answers and all scores, in the order of the base evaluation.
        caveats: What a reader has to know before trusting the verdicts, in sentences.
        settings: How it was computed.
    """

    base_model: str
    tuned_model: str
    scorers: Mapping[str, ScorerFacts]
    slices: tuple[SliceComparison, ...]
    ratings: tuple[RatingDistribution, ...]
    rows: tuple[PairedRow, ...]
    caveats: tuple[str, ...] = ()
    settings: ComparisonSettings = ComparisonSettings()

    def __post_init__(self) -> None:
        object.__setattr__(self, "scorers", MappingProxyType(dict(self.scorers)))

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy does not pickle; the plain dict behind it does.
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return _rebuild, ({**values, "scorers": dict(self.scorers)},)

    def overall(self, scorer: str | None = None) -> SliceComparison:
        """Give the comparison over all examples.

        Args:
            scorer: The scorer's name; the first one by default.

        Raises:
            EvaluationError: If there is no such scorer.
        """
        return self.of(scorer)[0]

    def of(self, scorer: str | None = None) -> tuple[SliceComparison, ...]:
        """Give all slices of one scorer, "all" first.

        Args:
            scorer: The scorer's name; the first one by default.

        Raises:
            EvaluationError: If there is no such scorer.
        """
        name = next(iter(self.scorers)) if scorer is None else scorer
        if name not in self.scorers:
            raise EvaluationError(f"there is no scorer {name!r}", hint=f"There are {', '.join(self.scorers)}.")
        return tuple(part for part in self.slices if part.scorer == name)

    def flips(self, scorer: str | None = None) -> dict[Outcome, tuple[PairedRow, ...]]:
        """Sort the rows by what became of them.

        Args:
            scorer: The name of the scorer that decides; the first one by default.

        Returns:
            The rows of every `Outcome`, won first; an outcome that never happened has none.
        """
        name = self.overall(scorer).scorer
        found: dict[Outcome, list[PairedRow]] = {outcome: [] for outcome in Outcome}
        for row in self.rows:
            found[row.outcome(name)].append(row)
        return {outcome: tuple(rows) for outcome, rows in found.items()}

    @property
    def verdict(self) -> str:
        """The result in sentences, one for each scorer, over all examples."""
        return "\n".join(f"{name}: {self.overall(name).words}" for name in self.scorers)

    def to_pandas(self) -> Any:
        """Give the figures as a data frame, a row for each scorer and slice.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        return data_frame([_flat(part) for part in self.slices])

    def __str__(self) -> str:
        parts = [figures_table(self.slices, title=self._title).text()]
        parts += [ratings_table(distribution).text() for distribution in self.ratings]
        notes = [*self.caveats, *usage_lines(self.scorers)]
        parts += ["\n".join(f"Note: {note}" for note in notes)] if notes else []
        return "\n\n".join([*parts, self.verdict])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        tables = [figures_table(self.slices, title=self._title), *map(ratings_table, self.ratings)]
        words = [*self.caveats, *usage_lines(self.scorers), *self.verdict.splitlines()]
        return "".join([*(table.html() for table in tables), *map(paragraph, words)])

    @property
    def _title(self) -> str:
        return f"{self.tuned_model} against {self.base_model}, {100 * self.settings.level:.0f} % intervals"


def _flat(part: SliceComparison) -> dict[str, Any]:
    facts = asdict(part)
    nested = {
        name: facts.pop(name) or {} for name in ("base", "tuned", "difference", "test", "missing", "margin_interval")
    }
    for name in ("base", "tuned", "difference"):
        interval = nested[name]["interval"] or {}
        facts |= {name: nested[name]["value"], f"{name}_low": interval.get("low"), f"{name}_high": interval.get("high")}
    facts |= {"test": nested["test"].get("name"), "p_value": nested["test"].get("p_value")}
    return facts | {"p_adjusted": nested["test"].get("p_adjusted")} | nested["missing"]


def _rebuild(values: dict[str, Any]) -> Comparison:
    return Comparison(**values)
