"""Markdown in which the data stay text."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from vqaft.escape import visible
from vqaft.evaluation import Comparison, Evaluation, ModelComparison, ScoredRow, compare, compare_models, p_text
from vqaft.report import render_markdown, write_markdown

MARKDOWN = pytest.importorskip("markdown_it", reason="needs a Markdown renderer")


def rendered(text: str) -> str:
    made: str = MARKDOWN.MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text)
    return made


def test_it_says_the_verdict_first(tmp_path: Path, comparison: Comparison) -> None:
    path = write_markdown(tmp_path / "report.md", comparison, most=5)
    page = rendered(path.read_text(encoding="utf-8"))
    first = html.unescape(re.sub("<[^>]+>", "", page.splitlines()[0]))
    assert first.casefold() == comparison.overall().words.casefold()
    assert page.count("<table>") == 5
    assert "Won: 12, 5 of them here" in page
    assert page.count("<tr>") == (1 + len(comparison.of())) * 2 + 3 + 6 + 4


def test_several_models_stand_pair_by_pair(models: ModelComparison) -> None:
    page = rendered(render_markdown(models))
    first = html.unescape(re.sub("<[^>]+>", "", page.splitlines()[0]))
    assert first == models.pairs[0].words
    tables = [
        [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in re.findall("<tr>(.*?)</tr>", table, re.DOTALL)]
        for table in re.findall("<table>(.*?)</table>", page, re.DOTALL)
    ]
    means, pairs, slices, *_, won, lost = tables
    assert [row[:4] for row in means[1:]] == [
        ["base", "m-base", "24", "0"],
        ["tuned", "m-tuned", "24", "0"],
        ["teacher", "m-teacher", "24", "0"],
    ]
    assert [row[0] for row in pairs[1:]] == ["tuned against base", "teacher against base", "teacher against tuned"]
    for row, pair in zip(pairs[1:], models.pairs, strict=True):
        assert row[1:4] == [str(pair.n), str(pair.won), str(pair.lost)]
        assert html.unescape(row[5]) == p_text(pair.test.p_adjusted if pair.test else None)
        assert row[6] == pair.verdict
    assert slices[0][2:4] == ["base", "tuned"]
    assert won[0] == lost[0] == ["example", "question", "truth", "base", "tuned", "teacher"]
    assert won[1][3:] == ["base 2", "tuned 2", "teacher 2"]


def test_the_names_of_models_stay_text(
    naughty: list[str], scored_row: Callable[..., ScoredRow], evaluation_of: Callable[..., Evaluation]
) -> None:
    both = evaluation_of([scored_row(0, ("a", 1.0))], model="m")
    page = rendered(render_markdown(compare_models({naughty[3]: both, "[m](http://evil.example)<script>": both})))
    page = page.replace("<!-- -->", "")
    assert set(re.findall(r"</?([a-zA-Z][a-zA-Z0-9]*)", page)) <= TAGS
    assert "[m](http://evil.example)&lt;script&gt;" in page


TAGS = {"p", "strong", "ul", "li", "h3", "table", "thead", "tbody", "tr", "th", "td"}


def test_the_data_stay_text(
    naughty: list[str], scored_row: Callable[..., ScoredRow], evaluation_of: Callable[..., Evaluation]
) -> None:
    def side(value: float) -> Evaluation:
        rows = [
            replace(scored_row(place, (text, value)), example_id=f"{place} {text}", question=text, answers=(text,))
            for place, text in enumerate(naughty)
        ]
        return evaluation_of(rows, model="[m](http://evil.example)<script>")

    page = rendered(render_markdown(compare(side(0.0), side(1.0), slice_by=None, resamples=20), most=1000))
    page = page.replace("<!-- -->", "")
    tags = set(re.findall(r"</?([a-zA-Z][a-zA-Z0-9]*)", page))
    assert tags <= TAGS
    cells = [html.unescape(cell) for cell in re.findall(r"<td[^>]*>([^<]*)</td>", page)]
    for text in naughty:
        assert visible(text, limit=200).strip() in {cell.strip() for cell in cells}


def test_nobody_is_notified(scored_row: Callable[..., ScoredRow], evaluation_of: Callable[..., Evaluation]) -> None:
    def side(value: float) -> Evaluation:
        row = replace(scored_row(0, ("@octocat", value)), question="someone@example.org, @team/all")
        return evaluation_of([row], model="@models")

    text = render_markdown(compare(side(0.0), side(1.0), slice_by=None, resamples=20))
    assert "octocat" in text
    assert re.findall(r"@\w", text) == []
