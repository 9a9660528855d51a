"""What the HTML pages share: templates, head, and a content security policy that the browser enforces."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

from vqaft.evaluation import ScoreFailure, p_text, percent, percent_range, points, points_range
from vqaft.report.escape import size, template_environment
from vqaft.version import __version__

TEMPLATES = Path(__file__).parent / "templates"
SIZE_MARK = "@@ the size of this file @@"


def page_environment() -> Any:
    """Return the jinja2 environment of the pages, with the filters that write figures.

    Raises:
        MissingExtraError: If jinja2 is not installed.
    """
    environment = template_environment(TEMPLATES, extra="report")
    environment.tests["score_failure"] = lambda score: isinstance(score, ScoreFailure)
    figures = (percent, percent_range, points, points_range, p_text)
    environment.filters |= {figure.__name__: figure for figure in figures}
    return environment


def page_values(
    *, title: str, date: dt.date | None, styles: tuple[str, ...], scripts: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return what `page.html.jinja` needs.

    Args:
        title: The page's title.
        date: The day in the head; today where None.
        styles: The texts of the page's style elements.
        scripts: The texts of its script elements.
    """
    day = date or dt.datetime.now().astimezone().date()
    return {
        "title": title,
        "day": f"{day.day} {day:%B %Y}",
        "version": __version__,
        "policy": content_policy(styles=styles, scripts=scripts),
        "styles": styles,
        "scripts": scripts,
        "size_mark": SIZE_MARK,
    }


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
        f"style-src {_sources(styles)}",
        f"script-src {_sources(scripts)}",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    ]
    return "; ".join(rules)


def _sources(contents: tuple[str, ...]) -> str:
    hashes = (base64.b64encode(hashlib.sha256(content.encode()).digest()).decode() for content in contents)
    return " ".join(f"'sha256-{found}'" for found in hashes) or "'none'"


def asset(name: str) -> str:
    """Return a style sheet or script of the package.

    Args:
        name: Its file name.
    """
    return (TEMPLATES / name).read_text(encoding="utf-8")


def with_size(page: str) -> str:
    """Return a page that says its own size where `SIZE_MARK` stands last.

    Args:
        page: The page.
    """
    before, mark, after = page.rpartition(SIZE_MARK)  # the last: whatever the data say stands before it
    written = size(len((before + after).encode())) if mark else ""
    return before + written + after
