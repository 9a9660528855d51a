"""Redaction of credentials by their shape, for texts that are made from what others sent.

The exact keys of a client are masked where its answers arrive (`vqaft.backends`). This is the second line: what looks
like a key in an error's text does not leave through it, whoever raised the error.
"""

from __future__ import annotations

import re

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
