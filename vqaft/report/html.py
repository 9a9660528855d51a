"""Comparison as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from vqaft.data import VQAExample
from vqaft.durable import write_atomically
from vqaft.evaluation import Comparison, ModelComparison
from vqaft.report.charts.comparison import accuracy_chart, difference_chart, ratings_chart, training_charts
from vqaft.report.compared import Compared
from vqaft.report.headline import headline, images_in_words
from vqaft.report.page import asset, page_environment, page_values, with_size
from vqaft.report.provenance import Provenance
from vqaft.report.reasons import fold_reasons
from vqaft.report.row_groups import PageBudget, by_image, group_rows
from vqaft.report.thumbnails import Gallery, make_gallery
from vqaft.tuning import StepMetrics

TITLE = "Did it help?"


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
