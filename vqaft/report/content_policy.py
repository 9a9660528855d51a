"""What the page may do, enforced by the browser."""

from __future__ import annotations

import base64
import hashlib


def content_policy(*, styles: tuple[str, ...], scripts: tuple[str, ...]) -> str:
    """Give a content security policy that allows these styles and scripts, pictures in the file, and nothing else.

    No other script or style runs, in the page or from outside; no style attribute counts; nothing is fetched or sent.

    Args:
        styles: The exact texts of the page's style elements.
        scripts: The exact texts of its script elements.
    """
    rules = [
        "default-src 'none'",
        "img-src data:",
        f"style-src {' '.join(map(_source, styles))}",
        f"script-src {' '.join(map(_source, scripts))}",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
    ]
    return "; ".join(rules)


def _source(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
