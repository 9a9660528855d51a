"""A table for a terminal and for a notebook."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Table:
    """Cells of text under column heads.

    Attributes:
        columns: The heads; one that starts with ">" is aligned to the right, the sign itself is not shown.
        rows: The cells, row by row.
        title: Shown above, where not empty.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""

    def text(self) -> str:
        """Write the table with blanks between the columns; control characters show as escapes."""
        lines = [[column.lstrip(">") for column in self.columns], *self.rows]
        cells = [[_visible(cell) for cell in line] for line in lines]
        widths = [max(len(line[place]) for line in cells) for place in range(len(self.columns))]
        right = [column.startswith(">") for column in self.columns]
        shown = ["  ".join(map(_pad, line, widths, right)).rstrip() for line in cells]
        rule = "  ".join("-" * width for width in widths)
        return "\n".join([*([self.title] if self.title else []), shown[0], rule, *shown[1:]])

    def html(self) -> str:
        """Write the table as HTML; every cell is escaped."""
        heads = "".join(f"<th>{_escape(column.lstrip('>'))}</th>" for column in self.columns)
        body = "".join(f"<tr>{''.join(map(self._cell, self.columns, row))}</tr>" for row in self.rows)
        caption = f"<caption>{_escape(self.title)}</caption>" if self.title else ""
        return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"

    @staticmethod
    def _cell(column: str, text: str) -> str:
        align = ' style="text-align:right"' if column.startswith(">") else ""
        return f"<td{align}>{_escape(text)}</td>"


def _pad(cell: str, width: int, right: bool) -> str:  # noqa: FBT001 - a column's own flag, passed by map
    return cell.rjust(width) if right else cell.ljust(width)


def _visible(text: str) -> str:
    hidden = ("C",)  # controls, direction marks, surrogates, unassigned
    return "".join(ascii(sign)[1:-1] if unicodedata.category(sign).startswith(hidden) else sign for sign in text)


def _escape(text: str) -> str:
    return html.escape(_visible(text))


def paragraph(text: str) -> str:
    """Write a sentence as an HTML paragraph, escaped.

    Args:
        text: The sentence.
    """
    return f"<p>{_escape(text)}</p>"
