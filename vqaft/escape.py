"""Text for people; escapes for text from outside: controls, direction marks and invisible characters become readable.

Model names, file names, ids, answers and messages of services can hold anything. Wherever such text is shown (terminal,
log, HTML, Markdown, CSV, plots) it goes through `visible` first, so that it can neither act nor hide.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby

BLANK_LETTERS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0d\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks without a glyph; the two variation selectors of emoji are not among them."""


def visible(text: str, *, keep: str = "", limit: int | None = None) -> str:
    r"""Replace what cannot be seen by escapes, e.g. a right-to-left override by `\u202e`.

    Controls, direction marks, zero-width characters, surrogates, private and unassigned code points, the line and
    paragraph separators and blank letters are escaped as Python writes them; everything else stays.

    Args:
        text: Any text.
        keep: Control characters that stay, e.g. `"\n\t"` where line breaks are shown.
        limit: The most characters to show; a longer text ends in "…" and its length. None shows all.

    Returns:
        The text, printable but for `keep`.
    """
    if limit is not None and len(text) > limit:
        return f"{visible(text[:limit], keep=keep)}… ({len(text):,} characters)"
    if text.isprintable() and not BLANK_LETTERS.search(text):
        return text
    return "".join(piece for piece, _ in pieces(text, keep=keep))


def counted(number: int, noun: str) -> str:
    """Return a number with its English noun, in the plural where it is not 1.

    Args:
        number: How many.
        noun: The singular; its plural ends in "s".
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def pieces(text: str, *, keep: str = "") -> Iterator[tuple[str, bool]]:
    """Split a text where escapes begin and end.

    Args:
        text: Any text.
        keep: Control characters that stay.

    Yields:
        A piece as it is shown, and whether it consists of escapes.
    """
    for hidden, signs in groupby(text, lambda sign: sign not in keep and _hidden(sign)):
        piece = "".join(signs)
        yield (ascii(piece)[1:-1] if hidden else piece), hidden


def _hidden(sign: str) -> bool:
    if sign.isprintable():
        return BLANK_LETTERS.match(sign) is not None
    return unicodedata.category(sign) != "Zs"
