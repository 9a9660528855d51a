"""A comparison's result as a headline: one sentence, and the figures behind it as further sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vqaft.evaluation import (
    ModelComparison,
    PairedRow,
    SliceComparison,
    Verdict,
    could_turn,
    p_text,
    percent,
    points,
    points_range,
)
from vqaft.report.compared import Compared

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
    """Say the result over all examples.

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
