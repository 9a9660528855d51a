"""How values of the data are written into the page: always as text, never as markup.

Text that cannot hide anything.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby
from typing import Any

BLANK_LETTERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]"
)


"""Letters and marks that show nothing; the two variation selectors of emoji are not among them."""


def visible(text: str, *, keep: str = "", limit: int | None = None) -> str:
    r"""Write what cannot be seen as escapes, e.g. a right-to-left override as `\u202e`.

    Controls, direction marks, zero-width signs, surrogates, private and unassigned code points, the line and
    paragraph separators and blank letters are escaped as Python writes them; everything else stays.

    Args:
        text: Any text.
        keep: Control characters that stay, e.g. `"\n\t"` where line breaks are shown.
        limit: How many characters to show; a longer text ends in "…" and its length. None shows all.
    """
    if limit is not None and len(text) > limit:
        return f"{visible(text[:limit], keep=keep)}… ({len(text):,} characters)"
    if text.isprintable() and not BLANK_LETTERS.search(text):
        return text
    return "".join(piece for piece, _ in pieces(text, keep=keep))


def pieces(text: str, *, keep: str = "") -> Iterator[tuple[str, bool]]:
    """Cut a text where escapes begin and end.

    Args:
        text: Any text.
        keep: Control characters that stay.

    Yields:
        A piece as it is shown, and whether it is made of escapes.
    """
    for hidden, signs in groupby(text, lambda sign: sign not in keep and _hidden(sign)):
        piece = "".join(signs)
        yield (ascii(piece)[1:-1] if hidden else piece), hidden


def _hidden(sign: str) -> bool:
    if sign.isprintable():
        return BLANK_LETTERS.match(sign) is not None
    return unicodedata.category(sign) != "Zs"


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
