"""Comparison as Markdown, for a pull request or a note."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from os import PathLike
from pathlib import Path

from vqaft.durable import write_atomically
from vqaft.escape import visible
from vqaft.evaluation import (
    Comparison,
    PairedRow,
    ScoredRow,
    SliceComparison,
    estimate_text,
    p_text,
    points,
    points_range,
)
from vqaft.report.row_groups import group_rows

PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
TEXT_LIMIT = 200
CHANGED = ("won", "lost")


def write_markdown(
    path: str | PathLike[str], comparison: Comparison, *, scorer: str | None = None, most: int = 20
) -> Path:
    """Write a comparison as Markdown; see `render_markdown`.

    Args:
        path: The file; replaced in one step if it is there.
        comparison: The comparison.
        scorer: The name of the scorer whose verdict comes first; the first one by default.
        most: How many of the won and of the lost examples to list.

    Returns:
        The path.

    Raises:
        EvaluationError: If there is no such scorer.
    """
    target = Path(path)
    write_atomically(target, render_markdown(comparison, scorer=scorer, most=most).encode())
    return target


def render_markdown(comparison: Comparison, *, scorer: str | None = None, most: int = 20) -> str:
    """Return verdict, caveats, figures and the examples that changed, in GitHub's Markdown.

    Characters of the data that Markdown could interpret are escaped, and long texts are truncated.

    Args:
        comparison: The comparison.
        scorer: The name of the scorer whose verdict comes first; the first one by default.
        most: How many of the won and of the lost examples to list.

    Raises:
        EvaluationError: If there is no such scorer.
    """
    overall = comparison.overall(scorer)
    others = [comparison.overall(name) for name in comparison.scorers if name != overall.scorer]
    lines = [f"**{_plain(overall.words[:1].upper() + overall.words[1:], 1000)}**", ""]
    lines += [f"{_plain(comparison.tuned_model)} against {_plain(comparison.base_model)}, by {_plain(overall.scorer)}."]
    lines += ["", *(f"- {_plain(caveat, 1000)}" for caveat in comparison.caveats)]
    lines += [f"- {_plain(part.scorer)}: {_plain(part.words, 1000)}" for part in others]
    for name in (overall.scorer, *(part.scorer for part in others)):
        lines += ["", f"### By {_plain(name)}", "", *_figures(comparison.of(name))]
    for ratings in comparison.ratings:
        lines += ["", f"### Ratings by {_plain(ratings.scorer)}", ""]
        triples = zip(ratings.levels, ratings.base, ratings.tuned, strict=True)
        lines += _table(("rating", ">base", ">tuned"), [(_plain(level), str(a), str(b)) for level, a, b in triples])
    lines += _changed(comparison, overall.scorer, most)
    return "\n".join(lines) + "\n"


def _figures(slices: Sequence[SliceComparison]) -> Iterator[str]:
    rows = [
        (
            _plain(part.value),
            str(part.n),
            estimate_text(part.base),
            estimate_text(part.tuned),
            f"{points(part.difference.value)} ({points_range(part.difference.interval)})",
            p_text(part.test.p_adjusted if part.test else None).replace("<", "&lt;"),
            part.verdict.value,
        )
        for part in slices
    ]
    return _table(("slice", ">n", ">base", ">tuned", ">points", ">p", "result"), rows)


def _changed(comparison: Comparison, scorer: str, most: int) -> Iterator[str]:
    for group in group_rows(comparison, scorer, max_rows=len(comparison.rows)):
        if group.outcome in CHANGED:
            shown = f", {most} of them here" if group.total > most else ""
            yield from ("", f"### {group.outcome.value.capitalize()}: {group.total}{shown}", "")
            yield from _table(("example", "question", "truth", "base", "tuned"), map(_cells, group.rows[:most]))


def _cells(row: PairedRow) -> tuple[str, ...]:
    return (_plain(row.example_id), _plain(row.question), _plain(row.answers[0]), _said(row.base), _said(row.tuned))


def _said(row: ScoredRow) -> str:
    return "*no answer*" if row.answer is None else _plain(row.answer)


def _table(heads: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head.lstrip('>') for head in heads)} |"
    yield f"|{'|'.join('--:' if head.startswith('>') else ':--' for head in heads)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _plain(text: str, limit: int = TEXT_LIMIT) -> str:
    escaped = PUNCTUATION.sub(r"\\\1", visible(text, limit=limit))
    return escaped.replace("@", "@<!-- -->")  # else GitHub, which looks at the rendered text, notifies whom it names
