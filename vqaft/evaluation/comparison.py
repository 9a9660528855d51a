"""Two models on the same examples: what the data say, in figures and in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, Self

from vqaft.errors import EvaluationError
from vqaft.escape import visible
from vqaft.evaluation.json_form import JSONFile, pair_fields, pair_to_dict
from vqaft.evaluation.rows import Outcome, PairedRow
from vqaft.evaluation.score import Score
from vqaft.evaluation.scorer_facts import ScorerFacts, usage_lines
from vqaft.evaluation.slice_comparison import ComparisonSettings, SliceComparison
from vqaft.evaluation.statistics.interval import Estimate
from vqaft.evaluation.tables import Table, data_frame, p_text, paragraph, percent, percent_range, points, points_range
from vqaft.serialization import validated
from vqaft.typed import typed


@dataclass(frozen=True, kw_only=True)
@typed
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


COLUMNS = (
    "scorer",
    "slice",
    ">n",
    ">missing",
    ">base",
    ">interval",
    ">tuned",
    ">interval",
    ">points",
    ">interval",
    ">missing as wrong",
    ">p",
    "result",
)


def figures_table(slices: Iterable[SliceComparison], *, title: str = "") -> Table:
    """Lay out means, differences and tests, a row for each scorer and slice.

    Args:
        slices: What to lay out.
        title: The table's title.
    """
    return Table(columns=COLUMNS, rows=[_cells(part) for part in slices], title=title)


def ratings_table(ratings: RatingDistribution) -> Table:
    """Lay out how often each level was given.

    Args:
        ratings: The counts.
    """
    totals = sum(ratings.base) or 1, sum(ratings.tuned) or 1
    rows = [
        (level, str(before), percent(before / totals[0]), str(after), percent(after / totals[1]))
        for level, before, after in zip(ratings.levels, ratings.base, ratings.tuned, strict=True)
    ]
    columns = (f"rating ({ratings.scorer})", ">base", ">share", ">tuned", ">share")
    return Table(columns=columns, rows=rows)


def _cells(part: SliceComparison) -> tuple[str, ...]:
    return (
        part.scorer,
        part.value,
        str(part.n),
        f"{part.missing.base_missing}/{part.missing.tuned_missing}",
        percent(part.base.value),
        percent_range(part.base.interval),
        percent(part.tuned.value),
        percent_range(part.tuned.interval),
        points(part.difference.value),
        points_range(part.difference.interval),
        points(part.counted_wrong.difference.value),
        p_text(part.test.p_adjusted if part.test else None),
        str(part.verdict),
    )


@dataclass(frozen=True, kw_only=True)
@typed
class Comparison(JSONFile):
    """Two models compared on the same examples.

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

    FORMAT = "vqaft.comparison"
    VERSION = 2

    base_model: str
    tuned_model: str
    scorers: Mapping[str, ScorerFacts] = field(hash=False)
    slices: tuple[SliceComparison, ...]
    ratings: tuple[RatingDistribution, ...]
    rows: tuple[PairedRow, ...]
    caveats: tuple[str, ...] = ()
    settings: ComparisonSettings = field(default_factory=ComparisonSettings)

    def __post_init__(self) -> None:
        object.__setattr__(self, "scorers", MappingProxyType(dict(self.scorers)))

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy does not pickle; the plain dict behind it does.
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return _rebuild, ({**values, "scorers": dict(self.scorers)},)

    def overall(self, scorer: str | None = None) -> SliceComparison:
        """Return the comparison over all examples.

        Args:
            scorer: The scorer's name; the first one by default.

        Raises:
            EvaluationError: If there is no such scorer.
        """
        return self.of(scorer)[0]

    def of(self, scorer: str | None = None) -> tuple[SliceComparison, ...]:
        """Return all slices of one scorer, "all" first.

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

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as a dictionary that JSON can hold: figures, caveats, and every row, uncut.

        It names its format and version; `vqaft/report/comparison.schema.json` describes it in JSON Schema.
        """
        return {
            "format": self.FORMAT,
            "version": self.VERSION,
            "base_model": self.base_model,
            "tuned_model": self.tuned_model,
            "settings": asdict(self.settings),
            "scorers": [{"name": name, **asdict(facts)} for name, facts in self.scorers.items()],
            "caveats": self.caveats,
            "slices": [asdict(part) for part in self.slices],
            "ratings": [asdict(ratings) for ratings in self.ratings],
            "rows": [pair_to_dict(row, tuple(self.scorers)) for row in self.rows],
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Return the comparison that `to_dict` made a dictionary of.

        Args:
            content: The dictionary.

        Raises:
            ValueError: If it is not one; it names the field.
        """
        models = content["base_model"], content["tuned_model"]
        fields = {name: content[name] for name in cls.__dataclass_fields__}
        fields["scorers"] = {facts["name"]: {k: facts[k] for k in facts if k != "name"} for facts in content["scorers"]}
        return validated(cls, fields | {"rows": [pair_fields(row, models) for row in content["rows"]]})

    def to_pandas(self) -> Any:
        """Return the figures as a data frame, a row for each scorer and slice.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        return data_frame([_flat(part) for part in self.slices])

    def __str__(self) -> str:
        parts = [figures_table(self.slices, title=self._title).text()]
        parts += [ratings_table(distribution).text() for distribution in self.ratings]
        notes = [*self.caveats, *usage_lines(self.scorers)]
        parts += ["\n".join(f"Note: {note}" for note in notes)] if notes else []
        return visible("\n\n".join([*parts, self.verdict]), keep="\n")

    __repr__ = __str__

    def _repr_html_(self) -> str:
        tables = [figures_table(self.slices, title=self._title), *map(ratings_table, self.ratings)]
        words = [*self.caveats, *usage_lines(self.scorers), *self.verdict.splitlines()]
        return "".join([*(table.html() for table in tables), *map(paragraph, words)])

    @property
    def _title(self) -> str:
        return f"{self.tuned_model} against {self.base_model}, {100 * self.settings.confidence:.0f} % intervals"


def _flat(part: SliceComparison) -> dict[str, Any]:
    nested = ("base", "tuned", "difference", "test", "missing", "margin_interval", "counted_wrong", "win_loss")
    flat: dict[str, Any] = {name: value for name, value in vars(part).items() if name not in nested}
    for name in ("base", "tuned", "difference"):
        estimate: Estimate = getattr(part, name)
        interval = estimate.interval
        flat |= {
            name: estimate.value,
            f"{name}_low": interval and interval.low,
            f"{name}_high": interval and interval.high,
        }
    test, missing = part.test, part.missing
    flat |= {"test": test and test.name, "p_value": test and test.p_value, "p_adjusted": test and test.p_adjusted}
    flat |= {"base_missing": missing.base_missing, "tuned_missing": missing.tuned_missing}
    flat |= {"worst": missing.worst.value, "best": missing.best.value}
    return flat | {"difference_counted_wrong": part.counted_wrong.difference.value}


def _rebuild(values: dict[str, Any]) -> Comparison:
    return Comparison(**values)
