"""Split audit as an HTML page: what the parts share, with the leaking pairs side by side."""

from __future__ import annotations

import datetime as dt
from os import PathLike
from pathlib import Path
from typing import Any

from pydantic import NonNegativeInt

from vqaft.data import AlikePair, Overlap, SplitReport
from vqaft.durable import write_atomically
from vqaft.errors import ImageError
from vqaft.images import ImageSource, make_preview
from vqaft.report.charts.balance import COLORS, balance_chart
from vqaft.report.page import asset, page_environment, page_values, with_size
from vqaft.typed import typed_call

TITLE = "What the split shares"
MOST_ANSWERS = 100


@typed_call
def write_audit_page(
    path: str | PathLike[str],
    report: SplitReport,
    *,
    title: str = TITLE,
    most: NonNegativeInt = 60,
    data: str | None = None,
    date: dt.date | None = None,
) -> Path:
    """Write a report on a split as one self-contained HTML file: it opens anywhere, and fetches and sends nothing.

    Args:
        path: The file; replaced in one step if it is there.
        report: `split.report`, or the result of `audit_splits`.
        title: The page's title.
        most: How many leaking pairs to show as pictures for every two parts; the nearest come first.
        data: What was split, e.g. "receipts of 2024"; shown in the head.
        date: The day that is shown in the head; today where None. Set it where equal inputs are to give equal bytes.

    Returns:
        The path.

    Raises:
        MissingExtraError: If jinja2 or matplotlib is not installed.
    """
    target = Path(path)
    write_atomically(target, render_audit_page(report, title=title, most=most, data=data, date=date).encode())
    return target


def render_audit_page(
    report: SplitReport,
    *,
    title: str = TITLE,
    most: NonNegativeInt = 60,
    data: str | None = None,
    date: dt.date | None = None,
) -> str:
    """Return a report on a split as HTML; see `write_audit_page`.

    Args:
        report: The report.
        title: The page's title.
        most: How many leaking pairs to show as pictures for every two parts.
        data: What was split.
        date: The day that is shown in the head.

    Raises:
        MissingExtraError: If jinja2 or matplotlib is not installed.
    """
    template = page_environment().get_template("audit.html.jinja")
    overlaps = sorted(report.overlaps, key=lambda overlap: not _leaks(overlap))
    page = template.render(
        **page_values(title=title, date=date, styles=(asset("report.css"), asset("audit.css"))),
        report=report,
        description=_verdict(report),
        data=data,
        balance=balance_chart(report),
        shared_groups=sum(len(overlap.groups) for overlap in report.overlaps),
        most_answers=MOST_ANSWERS,
        figures=[overlap for overlap in overlaps if report.ok or _leaks(overlap)],
        colors={part.name: color for part, (_, color) in zip(report.parts, COLORS, strict=False)},
        overlaps=[
            {
                "overlap": overlap,
                "is_leak": _leaks(overlap),
                "leaks": [_shown(leak) for leak in overlap.leaks[:most]],
                "more": max(0, len(overlap.leaks) - most),
                "nearest": None if overlap.nearest is None else _shown(overlap.nearest),
            }
            for overlap in overlaps
        ],
    )
    return with_size(page)


def _leaks(overlap: Overlap) -> bool:
    return bool(overlap.leaks or overlap.groups)


def _verdict(report: SplitReport) -> str:
    if not report.ok:
        return "This split leaks: what is measured on it is partly memory."
    alike = ", a look-alike" if report.distance is not None else ""
    return f"No two parts share an image{alike} or a named group."


def _shown(pair: AlikePair) -> dict[str, Any]:
    return {
        "how": _how(pair),
        "sides": [
            {"part": part, "example": example, "picture": _picture(example.images[place])}
            for part, example, place in zip(pair.parts, pair.examples, pair.images, strict=True)
        ],
    }


def _how(pair: AlikePair) -> str:
    if pair.same:
        return "the same file"
    if pair.transformed:
        return "a cropped, mirrored, turned or bordered copy, or a screenshot"
    return f"{pair.distance} of 64 bits differ"


def _picture(image: ImageSource) -> str | None:
    """Return a thumbnail as a data URL, or None if there is no picture to show; nothing is downloaded."""
    try:
        return make_preview(image).data_url
    except ImageError:
        return None
