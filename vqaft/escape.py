"""Text for people, made safe to show: what cannot be seen is escaped, and what looks like a credential is masked.

Model names, file names, ids, answers and messages of services can hold anything. Wherever such text is shown (terminal,
log, HTML, Markdown, CSV, plots) it goes through `visible` first, so that it can neither act nor hide. The exact keys of
a client are masked where its answers arrive (`vqaft.backends`); `redact` is the second line, for what looks like a key
in an error's text, whoever raised the error.
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


_SHAPES = re.compile(
    r"(?P<scheme>\b(?:bearer|basic|token)\s+)[A-Za-z0-9._~+/=-]{8,}"
    r"|(?P<name>\b(?:api[-_]?key|authorization|access[-_]?token|secret|password)[\"']?\s*[:=]\s*[\"']?"
    r"(?:(?:bearer|basic|token)\s+)?+)[^\s\"',;&)]{6,}"
    r"|(?P<user>://)[^/\s@]+@"
    r"|\b(?:sk|pk|rk|fw|hf|gsk|xai|tgp_v1|ghp|glpat)[-_][A-Za-z0-9_-]{12,}",
    re.IGNORECASE,
)


def redact(text: str) -> str:
    """Replace what looks like a credential: keys of known shapes, values of headers and fields, users in URLs.

    Args:
        text: A message that may hold what a service, a proxy or another program said.
    """
    return _SHAPES.sub(_replaced, text)


def _replaced(match: re.Match[str]) -> str:
    kept = match["scheme"] or match["name"] or match["user"] or ""
    return f"{kept}***" + ("@" if match["user"] else "")
