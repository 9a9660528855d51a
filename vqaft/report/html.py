"""Comparison as one self-contained HTML file, with a content security policy that the browser enforces."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from vqaft.data import VQAExample
from vqaft.durable import write_atomically
from vqaft.evaluation import (
    Comparison,
    ModelComparison,
    ScoreFailure,
    p_text,
    percent,
    percent_range,
    points,
    points_range,
)
from vqaft.report import escape as page_text
from vqaft.report.charts.comparison import accuracy_chart, difference_chart, ratings_chart, training_charts
from vqaft.report.compared import Compared
from vqaft.report.headline import headline, images_in_words
from vqaft.report.provenance import Provenance
from vqaft.report.reasons import fold_reasons
from vqaft.report.row_groups import PageBudget, by_image, group_rows
from vqaft.report.thumbnails import Gallery, make_gallery
from vqaft.tuning import StepMetrics
from vqaft.version import __version__


def content_policy(*, styles: tuple[str, ...], scripts: tuple[str, ...]) -> str:
    """Return a content security policy that allows these styles and scripts, pictures in the file, and nothing else.

    No other script or style runs, in the page or from outside; no style attribute counts; nothing is fetched or sent.

    Args:
        styles: The exact texts of the page's style elements.
        scripts: The exact texts of its script elements.
    """
    rules = [
        "default-src 'none'",
        "img-src data:",
        f"style-src {' '.join(map(_source, styles))}",
        f"script-src {' '.join(map(_source, scripts))}",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    ]
    return "; ".join(rules)


def _source(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


TEMPLATES = Path(__file__).parent / "templates"


SIZE_MARK = "@@ the size of this file @@"


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
    template = _environment().get_template("report.html.jinja")
    compared = Compared.of(comparison, scorer)
    main, decides = compared.main, compared.scorer
    room = budget or PageBudget()
    groups = group_rows(main, decides, max_rows=room.max_rows)
    shown = [row for group in groups for row in group.rows]
    wanted = {row.example_id for row in shown}
    gallery = make_gallery((example for example in examples if example.id in wanted), budget=room)
    style, picture_style, script = _asset("report.css"), _picture_style(gallery), _asset("report.js")
    return _with_size(
        template.render(
            **_figures(compared),
            training_charts=training_charts(training),
            groups=groups,
            blocks=[by_image(group.rows, gallery.place) for group in groups],
            reasons=fold_reasons(shown, tuple(main.scorers)),
            n_shown=len(wanted),
            gallery=gallery,
            provenance=provenance or Provenance(),
            day=_day(provenance),
            version=__version__,
            title=title,
            policy=content_policy(styles=(style, picture_style), scripts=(script,)),
            style=style,
            picture_style=picture_style,
            script=script,
            size_mark=SIZE_MARK,
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


def _day(provenance: Provenance | None) -> str:
    day = (provenance.date if provenance else None) or dt.datetime.now().astimezone().date()
    return f"{day.day} {day:%B %Y}"


def _environment() -> Any:
    environment = page_text.template_environment(TEMPLATES, extra="report")
    environment.tests["score_failure"] = lambda score: isinstance(score, ScoreFailure)
    figures = (percent, percent_range, points, points_range, p_text)
    environment.filters |= {figure.__name__: figure for figure in figures}
    return environment


def _asset(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _picture_style(gallery: Gallery) -> str:
    """Return the style sheet of the pictures: each is in the file once, as a class for any number of rows."""
    return "\n".join(
        f".i{place}{{--w:{picture.width};--h:{picture.height};background-image:url({picture.data_url})}}"
        for place, picture in enumerate(gallery.pictures)
    )


def _with_size(page: str) -> str:
    before, mark, after = page.rpartition(SIZE_MARK)  # the last: whatever the data say stands before it
    written = page_text.size(len((before + after).encode())) if mark else ""
    return before + written + after
