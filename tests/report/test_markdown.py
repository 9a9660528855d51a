"""Markdown in which the data stay text."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from vqaft.escape import visible
from vqaft.evaluation import Comparison, Evaluation, ScoredRow, compare
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
    assert tags <= {"p", "strong", "ul", "li", "h3", "table", "thead", "tbody", "tr", "th", "td"}
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
