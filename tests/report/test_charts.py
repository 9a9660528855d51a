"""Charts that take the page's colours and the data's texts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest

from vqaft.escape import visible
from vqaft.evaluation import Comparison, RatingDistribution
from vqaft.report.charts import Chart, accuracy_chart, difference_chart, ratings_chart, training_charts
from vqaft.tuning import StepMetrics


@pytest.fixture(params=["accuracy", "difference", "ratings", "training"])
def chart(request: pytest.FixtureRequest, comparison: Comparison, metrics: Sequence[StepMetrics]) -> Chart:
    makers = {
        "accuracy": lambda: accuracy_chart(comparison.of()),
        "difference": lambda: difference_chart(comparison.of()),
        "ratings": lambda: ratings_chart(comparison.ratings[0]),
        "training": lambda: training_charts(metrics)[0],
    }
    made: Chart = makers[request.param]()
    return made


def test_colours_are_the_page_s_and_style_is_not_inline(chart: Chart) -> None:
    root = ET.fromstring(chart.svg)  # noqa: S314 - ours
    assert root.tag == "svg"
    assert not [e for e in root.iter() if "style" in e.attrib or e.tag in {"style", "metadata", "image", "a"}]
    colors = {e.attrib[name] for e in root.iter() for name in ("fill", "stroke") if name in e.attrib}
    assert colors <= {"none", *(f"var(--{name})" for name in ("ink", "muted", "line", "base", "tuned", "paper"))}
    assert "http" not in chart.svg


def test_it_says_its_figures_in_words(chart: Chart) -> None:
    words = ET.fromstring(chart.svg).attrib["aria-label"]  # noqa: S314 - ours
    assert len(re.findall(r"\d", words)) >= 4


def test_ids_of_several_charts_do_not_meet(comparison: Comparison, metrics: Sequence[StepMetrics]) -> None:
    charts = [accuracy_chart(comparison.of()), difference_chart(comparison.of()), *training_charts(metrics)]
    ids = [name for chart in charts for name in re.findall(r' id="([^"]+)"', chart.svg)]
    assert ids
    assert len(ids) == len(set(ids))


def test_points_stand_where_the_means_are(comparison: Comparison) -> None:
    root = ET.fromstring(accuracy_chart(comparison.of()).svg)  # noqa: S314 - ours
    ticks = {e.text: float(e.attrib["x"]) for e in root.iter("text") if (e.text or "").rstrip(" %").isdigit()}
    filled = [e for e in root.iter("use") if e.attrib.get("fill") == "var(--tuned)"]
    mean = comparison.overall().tuned.value
    assert mean is not None
    wanted = ticks["0"] + mean * (ticks["100 %"] - ticks["0"])
    assert float(filled[0].attrib["x"]) == pytest.approx(wanted, abs=0.1)


@pytest.mark.parametrize("level", ["$\\frac{1}{0}$", "#7", "<b>&amp;", "\x00\u202e\ud800", "日本語", "x" * 500, "👩‍👩"])
def test_labels_are_text_whatever_they_are(level: str) -> None:
    chart = ratings_chart(RatingDistribution(scorer="judge", levels=(level, "No"), base=(3, 1), tuned=(4, 0)))
    texts = [e.text or "" for e in ET.fromstring(chart.svg).iter("text")]  # noqa: S314 - ours
    assert any(text.startswith(visible(level)[:4]) for text in texts)
    assert max(map(len, texts)) <= 26


def test_a_curve_needs_two_points_of_a_quantity_that_is_known() -> None:
    assert training_charts([]) == ()
    assert training_charts([StepMetrics(step=1, values={"train_loss": 1.0})]) == ()
    charts = training_charts([StepMetrics(step=step, values={"valid_accuracy": 0.5, "speed": 9.0}) for step in (1, 2)])
    assert [chart.title for chart in charts] == ["Training: accuracy by step"]
    assert [entry.text for entry in charts[0].legend] == ["valid accuracy"]


def test_hundreds_of_levels_and_slices_give_a_chart_that_can_be_read(comparison: Comparison) -> None:
    levels = tuple(f"level {place}" for place in range(300))
    ratings = RatingDistribution(scorer="judge", levels=levels, base=tuple(range(300)), tuned=tuple(range(300)))
    for chart in (ratings_chart(ratings), accuracy_chart(comparison.of() * 100)):
        assert len(chart.svg) < 100_000
