from __future__ import annotations

import pytest

from vqaft.evaluation import Estimate, Interval, estimate_text, p_text, percent, percent_range, points, points_range


@pytest.mark.parametrize(("share", "text"), [(0.90526, "90.5 %"), (1.0, "100.0 %"), (0.0, "0.0 %"), (None, "–")])
def test_percent(share: float | None, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("difference", "text"), [(0.0264, "+2.6"), (-0.036, "−3.6"), (0.0, "+0.0"), (-0.0001, "+0.0"), (None, "–")]
)
def test_points(difference: float | None, text: str) -> None:
    assert points(difference) == text


@pytest.mark.parametrize(("p_value", "text"), [(0.0004, "<0.001"), (0.0625, "0.062"), (1.0, "1.000"), (None, "–")])
def test_p(p_value: float | None, text: str) -> None:
    assert p_text(p_value) == text


def test_ranges() -> None:
    interval = Interval(low=-0.036, high=0.089)
    assert points_range(interval) == "−3.6 to +8.9"
    assert points_range(None) == percent_range(None) == "–"
    assert percent_range(Interval(low=0.855, high=0.939)) == "85.5 – 93.9"


def test_estimates() -> None:
    assert estimate_text(Estimate(value=0.9)) == "90.0 %"
    assert estimate_text(Estimate(value=0.9, interval=Interval(low=0.8, high=0.95))) == "90.0 % (80.0 – 95.0)"
