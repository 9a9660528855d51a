"""Line charts: what they say in words, round scales, and labels that do not lie on each other."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree as ET

from hypothesis import given, settings
from hypothesis import strategies as st

from vqaft.workbench.line_chart import MAX_POINTS, Line, LineChart

VALUES = st.floats(min_value=-1e6, max_value=1e6, allow_subnormal=False)


def chart(*curves: list[tuple[float, float]], share: bool = False, name: str = "training") -> LineChart:
    lines = tuple(Line(name=name, key=name, points=tuple(points)) for points in curves)
    return LineChart(title="Loss", x_label="step", lines=lines, share=share)


def drawn(shown: LineChart) -> ET.Element:
    return ET.fromstring(str(shown.svg))  # noqa: S314 - our own


def test_it_says_in_words_what_it_shows() -> None:
    assert chart([(1, 2.0), (2, 0.5)]).description == "Loss by step: training from 2 to 0.5."
    assert chart([(1, 0.25), (2, 1.0)], share=True).description == "Loss by step: training from 25.0 % to 100.0 %."


def test_a_name_is_text_and_never_markup() -> None:
    hostile = '"><script>alert(1)</script>'
    assert drawn(chart([(1, 1.0)], name=hostile)).attrib["aria-label"].count(hostile) == 1


def test_what_is_not_finite_is_left_out() -> None:
    assert chart([(1, math.nan), (2, math.inf)]).lines == ()
    assert chart([(1, math.nan), (2, 1.0)]).lines[0].points == ((2, 1.0),)


def test_many_points_are_thinned_and_the_last_is_kept() -> None:
    path = drawn(chart([(step, 1 / (step + 1)) for step in range(10_000)])).findall("path")[-1].attrib["d"]
    assert path.count("L") <= MAX_POINTS
    assert path.endswith(" 176.0") or path.rpartition("L")[2].startswith("346.0 ")


@settings(max_examples=40)
@given(st.lists(st.lists(st.tuples(st.integers(0, 10_000), VALUES), min_size=1, max_size=20), min_size=1, max_size=4))
def test_every_line_stays_inside(curves: list[list[tuple[float, float]]]) -> None:
    shown = chart(*(sorted(curve) for curve in curves))
    root = drawn(shown)
    width, height = (float(part) for part in root.attrib["viewBox"].split()[2:])
    for path in root.findall("path"):
        numbers = [float(part) for part in re.findall(r"-?\d+(?:\.\d+)?", path.attrib["d"])]
        assert all(0 <= number <= max(width, height) for number in numbers)
    ends = [(float(text.attrib["x"]), float(text.attrib["y"])) for text in root.findall("text[@class='end']")]
    near = [
        abs(one[1] - other[1])
        for place, one in enumerate(ends)
        for other in ends[:place]
        if abs(one[0] - other[0]) < 50
    ]
    assert all(distance >= 12.9 for distance in near)
