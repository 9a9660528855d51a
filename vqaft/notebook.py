"""HTML by which values show themselves in a notebook: escaped, truncated, styled inline, and nothing is fetched.

Colors are the notebook's own: only half-transparent gray is drawn, so that it reads on light and dark grounds.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from vqaft.escape import visible

TEXT_LIMIT = 300
"""Characters of a text that are shown; a longer one says how long it is."""

_LINE = "rgba(127,127,127,.35)"
_CELL = f"text-align:left;vertical-align:top;padding:2px 12px 2px 0;border-bottom:1px solid {_LINE}"
_HEAD = f"{_CELL};font-weight:600"
_CARD = f"border:1px solid {_LINE};border-radius:6px;padding:10px 12px;max-width:44rem;box-sizing:border-box"
_SIDE_BY_SIDE = "display:flex;flex-wrap:wrap;gap:12px;align-items:flex-start;align-content:flex-start"
_NOTE = "opacity:.75;margin:4px 0;font-size:90%"


def escaped(value: object, *, limit: int = TEXT_LIMIT) -> str:
    """Return a text as HTML: markup shows as it is written, what cannot be seen shows as escapes.

    Args:
        value: The text.
        limit: The most characters to show.
    """
    return html.escape(visible(str(value), keep="\n\t", limit=limit))


def note(text: object) -> str:
    """Return a remark as a paragraph.

    Args:
        text: The remark.
    """
    return f'<p style="{_NOTE}">{escaped(text)}</p>'


def marked(name: str, text: str | None) -> str:
    """Return a named text, such as the answer of a model, as a paragraph; nothing where there is no text.

    Args:
        name: What the text is.
        text: The text.
    """
    if text is None:
        return ""
    wrap = "margin:2px 0;white-space:pre-wrap;overflow-wrap:anywhere"
    return (
        f'<p style="{wrap}"><span style="opacity:.7">{escaped(name)}</span> <span dir="auto">{escaped(text)}</span></p>'
    )


def picture(url: str, *, alt: str, width: int = 160) -> str:
    """Return an image.

    Args:
        url: A `data:` URL that this package made.
        alt: What it shows, for those who do not see it.
        width: The most pixels it is wide.
    """
    shape = f"max-width:100%;width:{width}px;height:auto;display:block;border-radius:4px"
    return f'<img src="{html.escape(url)}" alt="{escaped(alt)}" style="{shape}">'


def no_picture(reason: object) -> str:
    """Return what stands in the place of an image that cannot be shown.

    Args:
        reason: Why there is none.
    """
    shape = f"width:160px;border:1px dashed {_LINE};border-radius:4px;padding:8px;box-sizing:border-box;{_NOTE}"
    return f'<div style="{shape}">{escaped(reason)}</div>'


def card(pictures: Iterable[str], parts: Iterable[str]) -> str:
    """Return images beside what is said about them.

    Args:
        pictures: What `picture` and `no_picture` returned.
        parts: HTML of this module.
    """
    images = "".join(pictures)
    shown = f'<div style="display:grid;gap:6px">{images}</div>' if images else ""
    text = f'<div style="flex:1 1 14rem;min-width:0">{"".join(parts)}</div>'
    return f'<div style="{_CARD};{_SIDE_BY_SIDE}">{shown}{text}</div>'


def grid(cards: Iterable[str], *, width: int = 300) -> str:
    """Return cards side by side, as many in a row as there is room for.

    Args:
        cards: HTML of this module.
        width: The least pixels that a card is wide.
    """
    columns = f"repeat(auto-fill,minmax(min(100%,{width}px),1fr))"
    return f'<div style="display:grid;grid-template-columns:{columns};gap:12px">{"".join(cards)}</div>'


def heading(text: object) -> str:
    """Return a text in bold as a line of its own.

    Args:
        text: The text.
    """
    wrap = "font-weight:600;margin:0 0 4px;white-space:pre-wrap;overflow-wrap:anywhere"
    return f'<p dir="auto" style="{wrap}">{escaped(text)}</p>'


def facts(title: str, pairs: Iterable[tuple[str, object]]) -> str:
    """Return named values as a table of two columns; those that are None are left out.

    Args:
        title: Shown above.
        pairs: Name and value.
    """
    rows = "".join(
        f'<tr><th scope="row" style="{_CELL};font-weight:400;opacity:.75">{escaped(name)}</th>'
        f'<td style="{_CELL};overflow-wrap:anywhere">{escaped(value)}</td></tr>'
        for name, value in pairs
        if value is not None
    )
    return f"{heading(title)}<table><tbody>{rows}</tbody></table>"


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, drawn: Sequence[str] = ()) -> str:
    """Return cells under column heads.

    Args:
        columns: The heads.
        rows: The cells, row by row.
        drawn: HTML of this module for a last column without a head, one a row.
    """
    last = [f"<td>{line}</td>" for line in drawn] or [""] * len(rows)
    heads = "".join(f'<th scope="col" style="{_HEAD}">{escaped(column)}</th>' for column in columns)
    body = "".join(f"<tr>{''.join(map(_cell, row))}{more}</tr>" for row, more in zip(rows, last, strict=True))
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: object) -> str:
    return f'<td style="{_CELL}">{escaped(value)}</td>'


def curve(values: Sequence[float], *, width: int = 120, height: int = 24) -> str:
    """Return a line through values at equal distances, without axes, for a cell of a table.

    Args:
        values: Finite numbers, in their order; at most 200 of them, evenly chosen, are drawn.
        width: Pixels.
        height: Pixels.
    """
    if len(values) < 2:  # noqa: PLR2004 - a line has two ends
        return ""
    drawn = [values[place * (len(values) - 1) // (n - 1)] for n in [min(len(values), 200)] for place in range(n)]
    low, high = min(drawn), max(drawn)
    reach = (high - low) or 1.0
    points = " ".join(
        f"{1 + place * (width - 2) / (len(drawn) - 1):.1f},{height - 1 - (value - low) / reach * (height - 2):.1f}"
        for place, value in enumerate(drawn)
    )
    line = f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="1.5"/>'
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg {size} role="img" aria-label="from {values[0]:.3g} to {values[-1]:.3g}">{line}</svg>'
