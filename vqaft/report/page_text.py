"""How values of the data are written into the page: always as text, never as markup."""

from __future__ import annotations

from typing import Any

from vqaft.report.visible import pieces, visible

TEXT_LIMIT = 2_000
LABEL_LIMIT = 120


def text(value: object, limit: int = TEXT_LIMIT) -> Any:
    """Write a text with its line breaks, escapes marked as such, and the end of a very long one cut off with a note.

    Args:
        value: The text.
        limit: How many characters to show.

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
    """Write a name in one line.

    Args:
        value: The name.
        limit: How many characters to show; a longer one ends in "…" and its length.
    """
    return visible(str(value), limit=limit)


def mark(value: float) -> str:
    """Write a score with a sign that can be told without colour.

    Args:
        value: 0 to 1.
    """
    sign = {0.0: "✗", 1.0: "✓"}.get(value, "◐")
    return f"{sign} {value:.2g}"


def size(size_bytes: int) -> str:
    """Write the size of a file, e.g. "1.3 MB".

    Args:
        size_bytes: Its length.
    """
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e6 else f"{size_bytes / 1e3:.0f} kB"  # noqa: PLR2004 - mega
