"""What a report is about, two models compared or several, and its headline: one sentence, and the figures behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from vqaft.errors import EvaluationError
from vqaft.evaluation import (
    Comparison,
    ModelComparison,
    Outcome,
    PairedRow,
    ScoredRow,
    SliceComparison,
    Verdict,
    could_turn,
    p_text,
    percent,
    points,
    points_range,
)

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


DOUBT = ", but the missing answers could turn this"

_CONTENT_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Headline:
    """What a reader wants to know first.

    Attributes:
        sentence: The verdict.
        figures: The figures behind it, a sentence each.
    """

    sentence: str
    figures: tuple[str, ...]


def headline(compared: Compared) -> Headline:
    """Return the result over all examples in words.

    Args:
        compared: What the report is about. Of several models the sentence is about the first two, by the test that is
            corrected for the number of pairs.
    """
    if compared.models is not None:
        return _of_models(compared.models, compared.overall)
    comparison, overall = compared.main, compared.overall
    margin = comparison.settings.margin
    doubt = DOUBT if could_turn(overall, overall.verdict, margin=margin) else ""
    sentence = f"{_verdict(overall, margin)}{doubt}."
    if overall.verdict is Verdict.NO_DATA:
        return Headline(sentence=sentence, figures=())
    means = (
        f"The tuned model scores {percent(overall.tuned.value)} and the base model {percent(overall.base.value)} on "
        f"{_counted(overall.n, 'question')} about {images_in_words(comparison.rows)}, by {overall.scorer}."
    )
    return Headline(sentence=sentence, figures=(means, _difference(overall), *_limits(overall)))


def _of_models(models: ModelComparison, overall: SliceComparison) -> Headline:
    first, *others = models.pairs
    doubt = DOUBT if could_turn(overall, first.verdict) else ""
    (top, mean), *rest = models.means.items()
    means = [f"{top} scores {percent(mean.mean.value)}"]
    means += [f"{name} {percent(mean.mean.value)}" for name, mean in rest]
    rows = models.main.rows
    asked = f"{_counted(len(rows), 'question')} about {images_in_words(rows)}"
    tested = replace(overall, test=first.test)
    figures = [
        f"By {models.scorer}, {_listed(means)}, each over its own answers to {asked}.",
        *(
            ()
            if first.verdict is Verdict.NO_DATA
            else (_difference(tested, f"Between {first.second} and {first.first} the"),)
        ),
        *(pair.words for pair in others),
    ]
    if others:
        figures.append(f"The tests are corrected for {len(models.pairs)} pairs (Holm).")
    margin = models.main.settings.margin
    if margin is not None and overall.verdict in {Verdict.EQUIVALENT, Verdict.NOT_WORSE}:
        than = "as good as" if overall.verdict is Verdict.EQUIVALENT else "not worse than"
        within = f"within {100 * margin:.1f} points"
        figures.append(f"{first.second} is {than} {first.first}, {within}; this is not corrected.")
    return Headline(sentence=f"{first.words.removesuffix('.')}{doubt}.", figures=tuple(figures))


def _listed(parts: Sequence[str]) -> str:
    return " and ".join((", ".join(parts[:-1]), parts[-1]))


def images_in_words(rows: Sequence[PairedRow]) -> str:
    """Count the images behind rows; where groups were named, the groups.

    Args:
        rows: The rows of a comparison.
    """
    groups = {row.group for row in rows}
    noun = "image" if all(_CONTENT_HASH.fullmatch(group) for group in groups) else "image or group"
    return _counted(len(groups), noun)


def _verdict(overall: SliceComparison, margin: float | None) -> str:
    gap = f"{100 * abs(overall.difference.value or 0):.1f} points"
    within = f", within {100 * (margin or 0):.1f} points"
    return {
        Verdict.BETTER: f"The tuned model is better, by {gap}",
        Verdict.WORSE: f"The tuned model is worse, by {gap}",
        Verdict.NO_DIFFERENCE: "No difference between the tuned and the base model was found",
        Verdict.EQUIVALENT: f"The tuned model is as good as the base model{within}",
        Verdict.NOT_WORSE: f"The tuned model is not worse than the base model{within}",
        Verdict.NO_DATA: "There is nothing to compare: no example has a score from both models",
    }[overall.verdict]


def _difference(overall: SliceComparison, lead: str = "The") -> str:
    found, interval = overall.difference, overall.difference.interval
    reach = f", {100 * interval.confidence:.0f} % interval {points_range(interval)}" if interval else ""
    test = overall.test
    tested = "" if test is None else f", p {_equal_or_less(p_text(test.p_adjusted))} ({test.name})"
    missing = overall.missing.base_missing + overall.missing.tuned_missing
    wrong = (
        f"; with missing answers counted as wrong {points(overall.counted_wrong.difference.value)}" if missing else ""
    )
    return f"{lead} difference is {points(found.value)} points{reach}{tested}{wrong}."


def _limits(overall: SliceComparison) -> tuple[str, ...]:
    if overall.verdict is not Verdict.NO_DIFFERENCE or overall.detectable is None:
        return ()
    return (
        f"A gain below about {100 * overall.detectable:.0f} points would be missed in more than one of five tests.",
    )


def _equal_or_less(p_value: str) -> str:
    return p_value.replace("<", "< ") if p_value.startswith("<") else f"= {p_value}"


def _counted(count: int, noun: str) -> str:
    plural = {"image or group": "images or groups"}.get(noun, f"{noun}s")
    return f"{count:,} {noun if count == 1 else plural}"
