"""Text that cannot hide anything."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import groupby

KEPT = "\n\t"


def visible(text: str, *, keep: str = "", limit: int | None = None) -> str:
    r"""Write what cannot be seen as escapes, e.g. a right-to-left override as `\u202e`.

    Controls, direction marks, zero-width signs, surrogates, private and unassigned code points, and the line and
    paragraph separators are escaped as Python writes them; everything else stays.

    Args:
        text: Any text.
        keep: Control characters that stay, e.g. `"\n\t"` where line breaks are shown.
        limit: How many characters to show; a longer text ends in "…" and its length. None shows all.
    """
    if limit is not None and len(text) > limit:
        return f"{visible(text[:limit], keep=keep)}… ({len(text):,} characters)"
    if text.isprintable():
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
    return not sign.isprintable() and unicodedata.category(sign) != "Zs"
