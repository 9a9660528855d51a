"""Plots are SVG, the same each time, and show text as text."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET

import pytest

from tests.data.pictures import example, picture
from vqaft.data import Power, answer_distribution, audit_splits, label_conflicts
from vqaft.report.data_plots import answers_svg, balance_svg, conflicts_svg, power_svg

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
    svg = balance_svg(audit_splits({"train": EXAMPLES[:2], "test": EXAMPLES[2:]}))
    assert {"closed", "open", "type a", "type b", "train", "test"} <= set(texts(svg))


def test_conflicts() -> None:
    conflicts = label_conflicts(EXAMPLES)
    assert "contradictions (1 in all)" in texts(conflicts_svg(conflicts))
    assert "contradictions (0 in all)" in texts(conflicts_svg([]))


@pytest.mark.parametrize("images", [1, 100])
def test_power(images: int) -> None:
    power = Power(pairs=5 * images, clusters=images, cluster_size=5.0)
    assert any(text.startswith(f"{images} images: ") for text in texts(power_svg(power))) == (images >= 50)
