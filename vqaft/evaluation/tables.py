"""How numbers are written in tables and sentences.

Rows as a pandas data frame.

A table for a terminal and for a notebook.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vqaft.errors import MissingExtraError
from vqaft.escape import visible
from vqaft.evaluation.statistics.interval import Estimate, Interval


def percent(share: float | None) -> str:
    """Write a share of 1 as per cent, e.g. "90.5 %"; a dash where there is none.

    Args:
        share: The share.
    """
    return "–" if share is None else f"{100 * share:.1f} %"


def points(difference: float | None) -> str:
    """Write a difference of shares in percentage points with its sign, e.g. "+2.6".

    Args:
        difference: The difference as a share of 1.
    """
    if difference is None:
        return "–"
    rounded = round(100 * difference, 1)
    return f"{rounded + 0.0:+.1f}".replace("-", "−")


def percent_range(interval: Interval | None) -> str:
    """Write an interval of shares, e.g. "85.5 – 93.9".

    Args:
        interval: The interval.
    """
    return "–" if interval is None else f"{100 * interval.low:.1f} – {100 * interval.high:.1f}"


def points_range(interval: Interval | None) -> str:
    """Write an interval of differences, e.g. "−3.6 to +8.9".

    Args:
        interval: The interval.
    """
    return "–" if interval is None else f"{points(interval.low)} to {points(interval.high)}"


def p_text(p_value: float | None) -> str:
    """Write a p-value as far as it means something, e.g. "0.041" or "<0.001".

    Args:
        p_value: The p-value.
    """
    if p_value is None:
        return "–"
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"  # noqa: PLR2004 - finer says nothing more


def estimate_text(estimate: Estimate) -> str:
    """Write a mean with its interval, e.g. "90.5 % (85.5 – 93.9)".

    Args:
        estimate: The mean.
    """
    if estimate.interval is None:
        return percent(estimate.value)
    return f"{percent(estimate.value)} ({percent_range(estimate.interval)})"


def data_frame(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Return a data frame.

    Args:
        rows: The rows, each a mapping from column to value.

    Returns:
        A `pandas.DataFrame`.

    Raises:
        MissingExtraError: If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtraError("pandas", extra="pandas") from None
    return pd.DataFrame(list(rows))


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
        cells = [[visible(cell) for cell in line] for line in lines]
        widths = [max(len(line[place]) for line in cells) for place in range(len(self.columns))]
        right = [column.startswith(">") for column in self.columns]
        shown = ["  ".join(map(_pad, line, widths, right)).rstrip() for line in cells]
        rule = "  ".join("-" * width for width in widths)
        return "\n".join([*([visible(self.title)] if self.title else []), shown[0], rule, *shown[1:]])

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


def _escape(text: str) -> str:
    return html.escape(visible(text))


def paragraph(text: str) -> str:
    """Write a sentence as an HTML paragraph, escaped.

    Args:
        text: The sentence.
    """
    return f"<p>{_escape(text)}</p>"
