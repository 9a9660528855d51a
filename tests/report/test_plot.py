"""Figures of values: what is drawn where, without pyplot, with any text."""

from __future__ import annotations

import dataclasses
import io
import subprocess
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import pytest

from tests.data.pictures import example, picture
from vqaft import report
from vqaft.data import Power, audit_splits
from vqaft.errors import DataError, EvaluationError, MissingExtraError
from vqaft.evaluation import Comparison
from vqaft.tuning import StepMetrics, TrainingMetrics

HOSTILE = "$x_1$ _a\u202e" + "y" * 100


def texts(figure: Any) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def drawn(figure: Any) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(file, format="png", dpi=50)
    return file.getvalue()


def test_a_comparison_shows_means_and_differences(comparison: Comparison) -> None:
    figure = report.plot(comparison)
    means, differences = figure.axes
    overall = comparison.overall()
    points = [line.get_xdata()[0] for line in means.lines if line.get_marker() == "o"]
    assert points[:2] == [pytest.approx(100 * (part.value or 0)) for part in (overall.base, overall.tuned)]
    assert 100 * (overall.difference.value or 0) in [line.get_xdata()[0] for line in differences.lines]
    assert {"all (25)", "small", "small-tuned", "tuned − base, points"} <= set(texts(figure))
    assert drawn(figure).startswith(b"\x89PNG")
    assert report.plot(comparison, scorer="judge").axes
    with pytest.raises(EvaluationError, match="no scorer 'taste'"):
        report.plot(comparison, scorer="taste")


def test_power_marks_its_own_test_set() -> None:
    assert any(
        text.startswith("200 images: ") for text in texts(report.plot(Power(pairs=400, clusters=200, cluster_size=2)))
    )


def test_a_split_shows_its_parts() -> None:
    parts = {"train": [example("1", picture(1))], "test": [example("2", picture(2), answer="red")]}
    assert {"closed", "open", "train", "test"} <= set(texts(report.plot(audit_splits(parts))))


def test_metrics_are_curves(metrics: Sequence[StepMetrics]) -> None:
    figure = report.plot(metrics)
    (axes,) = figure.axes
    curves = {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines}
    assert curves["train loss"] == ([step.step for step in metrics], [step.values["train_loss"] for step in metrics])
    assert curves["valid loss"][0] == [1, 3, 5, 7, 9]
    both = TrainingMetrics(dataclasses.replace(step, values={**step.values, "accuracy": 0.5}) for step in metrics)
    assert [axes.get_title() for axes in report.plot(both).axes] == ["loss", "accuracy"]


def test_text_is_no_formula(comparison: Comparison) -> None:
    named = dataclasses.replace(comparison, base_model=HOSTILE, tuned_model="$" + HOSTILE)
    odd = TrainingMetrics(StepMetrics(step=step, values={f"loss {HOSTILE}": 1.0}) for step in (1, 2))
    parts = {"$a_": [example("1", picture(1))], "_b$": [example("2", picture(2))]}
    for value in (named, odd, audit_splits(parts)):
        figure = report.plot(value)
        drawn(figure)
        assert all("\u202e" not in text and len(text) < 110 for text in texts(figure))


@pytest.mark.parametrize("wrong", [7, "text", None, [1, 2], object()])
def test_other_values_are_refused(wrong: Any) -> None:
    with pytest.raises(DataError, match=r"there is no plot of .*Give a Comparison"):
        report.plot(wrong)


def test_metrics_without_a_curve_are_refused() -> None:
    with pytest.raises(DataError, match="no curve"):
        report.plot([StepMetrics(step=1, values={"train_loss": 1.0})])
    with pytest.raises(DataError, match="no curve"):
        report.plot([])


def test_pyplot_s_state_is_left_alone_and_a_notebook_shows_it() -> None:
    code = (
        "from vqaft.report import plot; from vqaft.data import Power; import matplotlib as mpl;"
        "before = dict(mpl.rcParams); figure = plot(Power(pairs=400, clusters=200, cluster_size=2));"
        "assert figure._repr_png_()[:4] == b'\\x89PNG'; assert dict(mpl.rcParams) == before;"
        "import matplotlib.pyplot as plt; assert plt.get_fignums() == []; assert isinstance(figure, mpl.figure.Figure)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)  # noqa: S603


def test_matplotlib_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"vqaft\[report\]"):
        report.plot(Power(pairs=400, clusters=200, cluster_size=2))
