"""Comparison as Markdown, for a pull request or a note."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike
from pathlib import Path

from pydantic import NonNegativeInt

from vqaft.durable import write_atomically
from vqaft.escape import visible
from vqaft.evaluation import (
    Comparison,
    ModelComparison,
    PairedRow,
    PairedTest,
    ScoredRow,
    SliceComparison,
    estimate_text,
    p_text,
    percent,
    points,
    points_range,
)
from vqaft.report.compared import Compared, headline
from vqaft.report.row_groups import group_rows
from vqaft.typed import typed_call

PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
TEXT_LIMIT = 200
CHANGED = ("won", "lost")


@typed_call
def write_markdown(
    path: str | PathLike[str],
    comparison: Comparison | ModelComparison,
    *,
    scorer: str | None = None,
    most: NonNegativeInt = 20,
) -> Path:
    """Write a comparison as Markdown; see `render_markdown`.

    Args:
        path: The file; replaced in one step if it is there.
        comparison: Of two models, or of several.
        scorer: The name of the scorer whose verdict comes first; the first one by default, of several models the one
            that they were compared by.
        most: How many of the won and of the lost examples to list.

    Returns:
        The path.

    Raises:
        EvaluationError: If there is no such scorer, or several models were compared by another one.
    """
    target = Path(path)
    write_atomically(target, render_markdown(comparison, scorer=scorer, most=most).encode())
    return target


@typed_call
def render_markdown(
    comparison: Comparison | ModelComparison, *, scorer: str | None = None, most: NonNegativeInt = 20
) -> str:
    """Return verdict, caveats, figures and the examples that changed, in GitHub's Markdown.

    Of several models, every pair has a row; slices, caveats and the changed examples are those of the first two, with
    the answers of all. Characters of the data that Markdown could interpret are escaped, and long texts are truncated.

    Args:
        comparison: Of two models, or of several.
        scorer: The name of the scorer whose verdict comes first; the first one by default, of several models the one
            that they were compared by.
        most: How many of the won and of the lost examples to list.

    Raises:
        EvaluationError: If there is no such scorer, or several models were compared by another one.
    """
    compared = Compared.of(comparison, scorer)
    main, overall = compared.main, compared.overall
    others = [main.overall(name) for name in main.scorers if name != overall.scorer]
    lines = [*_head(compared), "", *(f"- {_plain(caveat, 1000)}" for caveat in main.caveats)]
    lines += [f"- {_plain(part.scorer)}: {_plain(part.words, 1000)}" for part in others]
    for name in (overall.scorer, *(part.scorer for part in others)):
        lines += ["", f"### By {_plain(name)}", "", *_figures(main.of(name), compared.names)]
    for ratings in main.ratings:
        lines += ["", f"### Ratings by {_plain(ratings.scorer)}", ""]
        triples = zip(ratings.levels, ratings.base, ratings.tuned, strict=True)
        heads = ("rating", *_number_heads(compared.names[:2]))
        lines += _table(heads, [(_plain(level), str(a), str(b)) for level, a, b in triples])
    lines += _changed(compared, most)
    return "\n".join(lines) + "\n"


def _head(compared: Compared) -> Iterator[str]:
    models, overall = compared.models, compared.overall
    if models is None:
        main = compared.main
        yield f"**{_plain(overall.words[:1].upper() + overall.words[1:], 1000)}**"
        yield ""
        yield f"{_plain(main.tuned_model)} against {_plain(main.base_model)}, by {_plain(overall.scorer)}."
        return
    head = headline(compared)
    yield f"**{_plain(head.sentence, 1000)}**"
    yield ""
    yield _plain(" ".join(head.figures), 4000)
    yield from ("", f"### All models by {_plain(models.scorer)}", "", *_means(models))
    yield from ("", "### Pair by pair", "", *_pairs(models))
    first, second = (_plain(name) for name in compared.names[:2])
    yield from ("", f"All that follows is about {first} (base) and {second} (tuned).")


def _means(models: ModelComparison) -> Iterator[str]:
    rows = [
        (
            _plain(name),
            _plain(models.evaluations[name].model),
            str(mean.n),
            str(mean.failed),
            estimate_text(mean.mean),
            percent(mean.counted_wrong.value),
        )
        for name, mean in models.means.items()
    ]
    return _table(("name", "model", ">scored", ">missing", ">mean", ">missing as wrong"), rows)


def _pairs(models: ModelComparison) -> Iterator[str]:
    rows = [
        (
            f"{_plain(pair.second)} against {_plain(pair.first)}",
            str(pair.n),
            str(pair.won),
            str(pair.lost),
            f"{points(pair.difference.value)} ({points_range(pair.difference.interval)})",
            _p(pair.test),
            pair.verdict.value,
        )
        for pair in models.pairs
    ]
    return _table(("pair", ">n", ">won", ">lost", ">points", ">p", "the former is"), rows)


def _figures(slices: Sequence[SliceComparison], names: Sequence[str]) -> Iterator[str]:
    rows = [
        (
            _plain(part.value),
            str(part.n),
            estimate_text(part.base),
            estimate_text(part.tuned),
            f"{points(part.difference.value)} ({points_range(part.difference.interval)})",
            _p(part.test),
            part.verdict.value,
        )
        for part in slices
    ]
    return _table(("slice", ">n", *_number_heads(names[:2]), ">points", ">p", "result"), rows)


def _number_heads(names: Iterable[str]) -> Iterator[str]:
    return (f">{_plain(name)}" for name in names)


def _p(test: PairedTest | None) -> str:
    return p_text(test.p_adjusted if test else None).replace("<", "&lt;")


def _changed(compared: Compared, most: int) -> Iterator[str]:
    main = compared.main
    for group in group_rows(main, compared.scorer, max_rows=len(main.rows)):
        if group.outcome in CHANGED:
            shown = f", {most} of them here" if group.total > most else ""
            yield from ("", f"### {group.outcome.value.capitalize()}: {group.total}{shown}", "")
            heads = ("example", "question", "truth", *map(_plain, compared.names))
            yield from _table(heads, (_cells(row, compared) for row in group.rows[:most]))


def _cells(row: PairedRow, compared: Compared) -> tuple[str, ...]:
    said = map(_said, compared.sides(row))
    return (_plain(row.example_id), _plain(row.question), _plain(row.answers[0]), *said)


def _said(row: ScoredRow | None) -> str:
    return "*no answer*" if row is None or row.answer is None else _plain(row.answer)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head.lstrip('>') for head in heads)} |"
    yield f"|{'|'.join('--:' if head.startswith('>') else ':--' for head in heads)}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _plain(text: str, limit: int = TEXT_LIMIT) -> str:
    escaped = PUNCTUATION.sub(r"\\\1", visible(text, limit=limit))
    return escaped.replace("@", "@<!-- -->")  # else GitHub, which looks at the rendered text, notifies whom it names
