"""HTML templates and their filters: values of the data as text, never as markup."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vqaft.errors import MissingExtraError
from vqaft.escape import pieces, visible

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
