"""Which gain a test set can show."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqaft.data import Power, VQAExample, power
from vqaft.errors import DataError


def some(images: int, pairs: int) -> list[VQAExample]:
    return [
        VQAExample(id=f"{image}-{pair}", image=f"{image}".encode(), question="?")
        for image in range(images)
        for pair in range(pairs)
    ]


@pytest.mark.parametrize(("pairs", "accuracy", "points"), [(190, 0.8789, 8.1), (295, 0.461, 11.8)])
def test_the_notebook_could_not_have_seen_less(pairs: int, accuracy: float, points: float) -> None:
    found = power(some(pairs, 1), accuracy=accuracy)
    assert found.design_effect == 1
    assert found.detectable_gain is not None
    assert 100 * found.detectable_gain == pytest.approx(points, abs=0.05)


def assert_near(one: float | None, other: float | None) -> None:
    assert one is not None
    assert one == pytest.approx(other, rel=0.05)


def test_clusters_count_for_less() -> None:
    found = power(some(100, 5), icc=0.25)
    assert (found.pairs, found.clusters, found.cluster_size, found.design_effect) == (500, 100, 5.0, 2.0)
    assert_near(found.detectable_gain, power(some(250, 1)).detectable_gain)
    assert_near(power(some(100, 5), icc=1.0).detectable_gain, power(some(100, 1)).detectable_gain)


def test_few_images_and_lost_causes_promise_nothing() -> None:
    few = power(some(30, 4), accuracy=0.9)
    assert few.detectable_gain is None
    assert "30 images are too few" in str(few)
    near = power(some(60, 1), accuracy=0.97)
    assert near.detectable_gain is None
    assert "not even that of a perfect model" in str(near)


def test_uneven_images_weigh_as_few_even_ones() -> None:
    even = Power(pairs=240, clusters=60, cluster_size=4)
    assert even.detectable_gain is not None
    uneven = dataclasses.replace(even, cluster_size=10)
    assert uneven.too_few
    assert uneven.detectable_gain is None
    assert "60 images are too few to say which gain they show; 75 are needed" in str(uneven)


def test_unequal_clusters_count_for_less_than_equal_ones() -> None:
    unequal = some(1, 9) + [dataclasses.replace(each, id=f"x{each.id}", images=(b"another",)) for each in some(1, 1)]
    assert power(unequal).cluster_size == pytest.approx((81 + 1) / 10)


@settings(deadline=None)  # the first call imports scipy
@given(
    st.integers(10, 5000),
    st.floats(1, 20),
    st.floats(0.05, 0.95),
    st.floats(0, 1),
    st.floats(0, 0.9),
    st.floats(0.005, 1),
)
def test_as_many_pairs_as_are_said_show_the_gain(
    pairs: int, size: float, accuracy: float, icc: float, correlation: float, gain: float
) -> None:
    gain *= 1 - accuracy
    found = Power(pairs=pairs, clusters=60, cluster_size=size, accuracy=accuracy, icc=icc, correlation=correlation)
    needed = found.pairs_for(gain)
    assert found.clusters_for(gain) == max(50, math.ceil(30 * 60 * size / pairs - 1e-9), math.ceil(needed * 60 / pairs))
    least = dataclasses.replace(found, pairs=needed)
    shown = least.detectable_gain
    if least.too_few:
        assert shown is None
        return
    assert shown is not None
    assert shown <= gain + 1e-8
    if needed > 1:
        less = dataclasses.replace(found, pairs=needed - 1).detectable_gain
        assert less is None or less > gain - 1e-8


def test_simulated_tests_see_the_gain_as_often_as_said() -> None:
    """Clustered answers of two independent models, a gain as large as can be detected, a z test on cluster sums."""
    clusters, size, icc = 200, 5, 0.3
    gain = power(some(clusters, size), icc=icc).detectable_gain
    assert gain is not None
    chance = np.random.default_rng(0)

    def answers(accuracy: float) -> np.ndarray[tuple[int, int, int], np.dtype[np.bool_]]:
        shared = chance.random((2000, clusters, 1)) < accuracy
        own = chance.random((2000, clusters, size)) < accuracy
        return np.where(chance.random((2000, clusters, size)) < math.sqrt(icc), shared, own)

    difference = answers(0.5 + gain / 2).mean(axis=2) - answers(0.5 - gain / 2).mean(axis=2)
    z = difference.mean(axis=1) / (difference.std(axis=1, ddof=1) / math.sqrt(clusters))
    assert (z > 1.96).mean() == pytest.approx(0.8, abs=0.04)


def test_says_it_in_words() -> None:
    assert "show a gain of" in str(power(some(100, 5)))


@pytest.mark.parametrize("setting", ["accuracy", "icc", "correlation", "alpha", "power"])
def test_refuses_what_is_no_share(setting: str) -> None:
    wrong: dict[str, Any] = {setting: 1.5}
    with pytest.raises(DataError, match=f"{setting} is 1.5"):
        power(some(2, 1), **wrong)


def test_refuses_nothing() -> None:
    with pytest.raises(DataError, match="no examples"):
        power([])
    with pytest.raises(DataError, match="not above 0"):
        power(some(2, 1)).pairs_for(0)
