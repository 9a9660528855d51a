"""Which page of a document is meant."""

from __future__ import annotations

import re

_PAGE = re.compile(r"(?P<path>.+)#page=(?P<page>[1-9]\d{0,5})", re.DOTALL)


def split_page(path: str) -> tuple[str, int | None]:
    """Split `report.pdf#page=3` into the path of the document and the number of the page, from 1.

    Args:
        path: A path, with or without a page.

    Returns:
        The path alone, and the page; None if no page is named.
    """
    match = _PAGE.fullmatch(path)
    return (path, None) if match is None else (match["path"], int(match["page"]))
