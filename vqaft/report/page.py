"""What HTML pages share: templates with values of the data as text, head, and a policy that the browser enforces."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vqaft.errors import MissingExtraError
from vqaft.escape import pieces, visible
from vqaft.evaluation import ScoreFailure, p_text, percent, percent_range, points, points_range
from vqaft.version import __version__

TEXT_LIMIT = 2_000
LABEL_LIMIT = 120


def text(value: object, limit: int = TEXT_LIMIT) -> Any:
    """Return a text with its line breaks, escapes marked as such, truncated with a note.

    Args:
        value: The text.
        limit: The most characters to show.

    Returns:
        Safe markup.
    """
    from markupsafe import Markup, escape

    given = str(value)
    shown = [
        Markup('<span class="escape">{}</span>').format(piece) if hidden else escape(piece)
        for piece, hidden in pieces(given[:limit], keep="\n\t")
    ]
    if len(given) > limit:
        note = f"cut: the first {limit:,} of {len(given):,} characters"
        shown.append(Markup(' <span class="cut">{}</span>').format(note))
    return Markup("").join(shown)


def label(value: object, limit: int = LABEL_LIMIT) -> str:
    """Return a name on one line.

    Args:
        value: The name.
        limit: The most characters to show; a longer one ends in "…" and its length.
    """
    return visible(str(value), limit=limit)


def sign(value: float) -> str:
    """Return ✗ for a score of 0, ✓ for 1 and ◐ between them.

    Args:
        value: 0 to 1.
    """
    return {0.0: "✗", 1.0: "✓"}.get(value, "◐")


def mark(value: float) -> str:
    """Return a score with a sign that does not depend on color.

    Args:
        value: 0 to 1.
    """
    return f"{sign(value)} {value:.2g}"


def size(size_bytes: int) -> str:
    """Return the size of a file in words, e.g. "1.3 MB".

    Args:
        size_bytes: Its length.
    """
    if size_bytes < 1e3:  # noqa: PLR2004 - kilo
        return f"{size_bytes} bytes"
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e6 else f"{size_bytes / 1e3:.0f} kB"  # noqa: PLR2004 - mega


HTML_FILTERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {"text": text, "label": label, "mark": mark, "sign": sign, "size": size}
)
"""The filters by the names that templates have for them."""


def template_environment(folder: Path, *, extra: str) -> Any:
    """Return a jinja2 environment that escapes every value, refuses names that are not given, and has `HTML_FILTERS`.

    Args:
        folder: The folder of the templates.
        extra: The extra of vqaft that installs jinja2 for them.

    Raises:
        MissingExtraError: If jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError:
        raise MissingExtraError("jinja2", extra=extra) from None
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= HTML_FILTERS
    return environment


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
