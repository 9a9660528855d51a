"""Split audit as an HTML page: what the parts share, with the leaking pairs side by side."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from vqaft.data import AlikePair, SplitReport
from vqaft.durable import write_atomically
from vqaft.errors import ImageError, MissingExtraError
from vqaft.images import ImageSource, make_preview
from vqaft.report.data_plots import balance_svg
from vqaft.report.escape import label, text


def write_audit_page(
    path: str | PathLike[str], report: SplitReport, *, title: str = "What the split shares", most: int = 60
) -> Path:
    """Write a report on a split as one self-contained HTML file.

    Args:
        path: The file; replaced in one step if it is there.
        report: `split.report`, or the result of `audit_splits`.
        title: The page's heading.
        most: How many leaking pairs to show as pictures for every two parts; the nearest come first.

    Returns:
        The path.

    Raises:
        MissingExtraError: If jinja2 or matplotlib is not installed.
    """
    target = Path(path)
    write_atomically(target, render_audit_page(report, title=title, most=most).encode())
    return target


def render_audit_page(report: SplitReport, *, title: str = "What the split shares", most: int = 60) -> str:
    """Return a report on a split as HTML; see `write_audit_page`.

    Args:
        report: The report.
        title: The page's heading.
        most: How many leaking pairs to show as pictures for every two parts.

    Raises:
        MissingExtraError: If jinja2 or matplotlib is not installed.
    """
    try:
        from jinja2 import Environment, PackageLoader
    except ImportError:
        raise MissingExtraError("jinja2", extra="report") from None
    environment = Environment(loader=PackageLoader("vqaft.report"), autoescape=True, trim_blocks=True)
    environment.filters |= {"label": label, "text": text}
    return environment.get_template("audit.html").render(
        title=title,
        report=report,
        balance=balance_svg(report),
        overlaps=[
            {
                "overlap": overlap,
                "leaks": [_shown(leak) for leak in overlap.leaks[:most]],
                "more": max(0, len(overlap.leaks) - most),
                "nearest": None if overlap.nearest is None else _shown(overlap.nearest),
            }
            for overlap in report.overlaps
        ],
    )


def _shown(pair: AlikePair) -> dict[str, Any]:
    return {
        "distance": pair.distance,
        "same": pair.same,
        "sides": [
            {"part": part, "example": example, "picture": _picture(example.images[place])}
            for part, example, place in zip(pair.parts, pair.examples, pair.images, strict=True)
        ],
    }


def _picture(image: ImageSource) -> str | None:
    """Return a thumbnail as a data URL, or None if there is no picture to show; nothing is downloaded."""
    try:
        return make_preview(image).data_url
    except ImageError:
        return None
