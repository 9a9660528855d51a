"""Plots are SVG, the same each time, and show text as text."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET

import pytest

from tests.data.pictures import example, picture
from vqaft.data import Power, answer_distribution, audit_splits, label_conflicts
from vqaft.report.charts.balance import balance_chart
from vqaft.report.data_plots import answers_svg, conflicts_svg, power_svg

EXAMPLES = [
    dataclasses.replace(example(f"{seed}", picture(seed), answer=answer), question="?", question_type=kind)
    for seed, answer, kind in [(0, "yes", "a"), (0, "no", "a"), (1, "$8.20 or $9", "b"), (2, "<b> & 'c'", None)]
]


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314 - our own


def test_answers() -> None:
    svg = answers_svg(answer_distribution(EXAMPLES))
    assert {"yes", "no", "$8.20 or $9", "<b> & 'c'"} <= set(texts(svg))
    assert svg == answers_svg(answer_distribution(EXAMPLES))


def test_long_answers_are_cut() -> None:
    long = dataclasses.replace(EXAMPLES[0], answers=("word " * 30,))
    assert max(map(len, texts(answers_svg(answer_distribution([long]))))) <= 50


def test_balance() -> None:
    chart = balance_chart(audit_splits({"train": EXAMPLES[:2], "test": EXAMPLES[2:]}))
    assert {"closed", "open", "type a", "type b"} <= set(re.findall(r">([^<]+)</text>", chart.svg))
    assert [(entry.text, entry.color) for entry in chart.legend] == [("train", "muted"), ("test", "base")]


def test_of_many_parts_the_first_are_drawn() -> None:
    chart = balance_chart(audit_splits({f"part {place}": EXAMPLES[:2] for place in range(6)}))
    assert [entry.text for entry in chart.legend] == ["part 0", "part 1", "part 2", "part 3"]
    assert chart.title == "Share of each part's pairs (the first 4 parts)"


def test_conflicts() -> None:
    conflicts = label_conflicts(EXAMPLES)
    assert "contradictions (1 in all)" in texts(conflicts_svg(conflicts))
    assert "contradictions (0 in all)" in texts(conflicts_svg([]))


@pytest.mark.parametrize("images", [1, 100])
def test_power(images: int) -> None:
    power = Power(pairs=5 * images, clusters=images, cluster_size=5.0)
    assert any(text.startswith(f"{images} images: ") for text in texts(power_svg(power))) == (images >= 50)
