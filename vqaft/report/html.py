"""Comparison as one self-contained HTML file, with what stands behind it: data, day, split, judge, costs and settings.

Reasons of scores that repeat are written once with their counts, not in every row.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import NonNegativeInt

from vqaft.data import SplitReport, VQAExample
from vqaft.durable import write_atomically
from vqaft.evaluation import Calibration, Comparison, JudgeConsistency, ModelComparison, PairedRow, Score
from vqaft.report.charts.comparison import accuracy_chart, difference_chart, ratings_chart, training_charts
from vqaft.report.compared import Compared, headline, images_in_words
from vqaft.report.page import asset, page_environment, page_values, with_size
from vqaft.report.row_groups import PageBudget, by_image, group_rows
from vqaft.report.thumbnails import Gallery, make_gallery
from vqaft.serialization import reduce_by_fields
from vqaft.tuning import StepMetrics
from vqaft.typed import Amount, typed, typed_call


@dataclass(frozen=True, kw_only=True)
@typed
class Cost:
    """Cost of one stage.

    Attributes:
        what: The stage, e.g. "training" or "answers of the base model".
        tokens: Tokens billed, where they are known.
        amount: The price, where it is known.
        currency: What the price is in.
    """

    what: str
    tokens: NonNegativeInt | None = None
    amount: Amount | None = None
    currency: str = "USD"


@dataclass(frozen=True, kw_only=True)
@typed
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
    settings: Mapping[str, object] = field(default_factory=dict, hash=False)
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


TITLE = "Did it help?"


@typed_call
def write_report(
    path: str | PathLike[str],
    comparison: Comparison | ModelComparison,
    *,
    examples: Iterable[VQAExample] = (),
    training: Sequence[StepMetrics] = (),
    provenance: Provenance | None = None,
    scorer: str | None = None,
    budget: PageBudget | None = None,
    title: str = TITLE,
) -> Path:
    """Write a comparison as one self-contained HTML file: it opens anywhere, and fetches and sends nothing.

    Args:
        path: The file; replaced in one step if it is there.
        comparison: What is shown: two models, or several (`compare_models`), of which the first two are shown slice
            by slice and row by row, the others as a table of pairs and beside the answers.
        examples: The examples behind it, for their images; a row without one has no picture.
        training: What was measured during training, for the curves.
        provenance: What stands behind the figures: data, day, split, judge, cost, settings.
        scorer: The name of the scorer whose verdict comes first and decides what won and lost; the first by default,
            of several models the one that they were compared by.
        budget: The most rows and the room for pictures; 2,000 rows and 12 MB by default.
        title: The page's title.

    Returns:
        The path.

    Raises:
        MissingExtraError: If jinja2 or matplotlib is not installed.
        EvaluationError: If there is no such scorer, or several models were compared by another one.
    """
    content = render_report(
        comparison,
        examples=examples,
        training=training,
        provenance=provenance,
        scorer=scorer,
        budget=budget,
        title=title,
    )
    target = Path(path)
    write_atomically(target, content.encode())
    return target


@typed_call
def render_report(
    comparison: Comparison | ModelComparison,
    *,
    examples: Iterable[VQAExample] = (),
    training: Sequence[StepMetrics] = (),
    provenance: Provenance | None = None,
    scorer: str | None = None,
    budget: PageBudget | None = None,
    title: str = TITLE,
) -> str:
    """Return a comparison as HTML; see `write_report`.

    Args:
        comparison: What is shown.
        examples: The examples behind it.
        training: What was measured during training.
        provenance: What stands behind the figures.
        scorer: The name of the scorer that decides.
        budget: The most rows and the room for pictures; 2,000 rows and 12 MB by default.
        title: The page's title.

    Raises:
        MissingExtraError: If jinja2 or matplotlib is not installed.
        EvaluationError: If there is no such scorer, or several models were compared by another one.
    """
    template = page_environment().get_template("report.html.jinja")
    compared = Compared.of(comparison, scorer)
    main, decides = compared.main, compared.scorer
    room = budget or PageBudget()
    groups = group_rows(main, decides, max_rows=room.max_rows)
    shown = [row for group in groups for row in group.rows]
    wanted = {row.example_id for row in shown}
    gallery = make_gallery((example for example in examples if example.id in wanted), budget=room)
    styles, script = (asset("report.css"), _picture_style(gallery)), asset("report.js")
    return with_size(
        template.render(
            **_figures(compared),
            training_charts=training_charts(training),
            groups=groups,
            blocks=[by_image(group.rows, gallery.place) for group in groups],
            reasons=fold_reasons(shown, tuple(main.scorers)),
            n_shown=len(wanted),
            gallery=gallery,
            provenance=provenance or Provenance(),
            **page_values(title=title, date=provenance.date if provenance else None, styles=styles, scripts=(script,)),
        )
    )


def _figures(compared: Compared) -> dict[str, Any]:
    """Return what the page's templates show of a comparison as a whole."""
    comparison, overall = compared.main, compared.overall
    slices = comparison.of(compared.scorer)
    others = [comparison.overall(name) for name in comparison.scorers if name != compared.scorer]
    foreign = tuple(f"{part.scorer}: " for part in others)
    head = headline(compared)
    return {
        "comparison": comparison,
        "models": compared.models,
        "names": compared.names[:2],
        "overall": overall,
        "head": head,
        "description": f"{len(compared.names)} models: {head.sentence}" if compared.models else overall.words,
        "images": images_in_words(comparison.rows),
        "others": others,
        "caveats": [caveat for caveat in comparison.caveats if not caveat.startswith(foreign)],
        "other_caveats": [caveat for caveat in comparison.caveats if caveat.startswith(foreign)],
        "slice_charts": (accuracy_chart(slices), difference_chart(slices)),
        "rating_charts": [(ratings, ratings_chart(ratings)) for ratings in comparison.ratings],
        "types": sorted({row.question_type for row in comparison.rows if row.question_type}),
    }


def _picture_style(gallery: Gallery) -> str:
    """Return the style sheet of the pictures: each is in the file once, as a class for any number of rows."""
    return "\n".join(
        f".i{place}{{--w:{picture.width};--h:{picture.height};background-image:url({picture.data_url})}}"
        for place, picture in enumerate(gallery.pictures)
    )


MIN_REPEATS = 4
"""A reason that so many answers have is folded."""

MOST_LISTED = 60


@dataclass(frozen=True, kw_only=True)
class RepeatedReason:
    """A reason that several answers have.

    Attributes:
        scorer: The scorer that gave it.
        score: The score that it goes with.
        base: How many of the base model's answers have it.
        tuned: How many of the tuned model's.
    """

    scorer: str
    score: Score
    base: int
    tuned: int

    @property
    def total(self) -> int:
        """How many answers have it."""
        return self.base + self.tuned


@dataclass(frozen=True, kw_only=True)
class FoldedReasons:
    """The reasons of a page that are not written in its rows.

    Attributes:
        repeated: Those that repeat, the most frequent first.
    """

    repeated: tuple[RepeatedReason, ...] = ()

    def holds(self, scorer: str, score: Score) -> bool:
        """Return whether a score's reason is written elsewhere on the page."""
        return (scorer, score) in self._known

    @cached_property
    def _known(self) -> frozenset[tuple[str, Score]]:
        return frozenset((one.scorer, one.score) for one in self.repeated)


def fold_reasons(rows: Iterable[PairedRow], scorers: Sequence[str]) -> FoldedReasons:
    """Find the reasons that repeat.

    Args:
        rows: The rows of a page.
        scorers: The scorers' names, in the order in which they are listed.
    """
    sides: tuple[Counter[tuple[str, Score]], ...] = (Counter(), Counter())
    for row in rows:
        for counts, side in zip(sides, (row.base, row.tuned), strict=True):
            counts.update(
                (name, score)
                for name, score in side.scores.items()
                if isinstance(score, Score) and score.reason and name in scorers
            )
    base, tuned = sides
    order = {name: place for place, name in enumerate(scorers)}
    found = [
        RepeatedReason(scorer=name, score=score, base=base[name, score], tuned=tuned[name, score])
        for (name, score), count in (base + tuned).most_common(MOST_LISTED)
        if count >= MIN_REPEATS
    ]
    return FoldedReasons(repeated=tuple(sorted(found, key=lambda one: (order[one.scorer], -one.total))))
