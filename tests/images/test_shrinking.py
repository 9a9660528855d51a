"""Both who shrink give the same picture, in the same place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.images.conftest import smooth
from vqaft.images.codec import Codec, shrink

CODECS: tuple[Codec, Codec] = ("fast", "pillow")


def sides(least: int) -> st.SearchStrategy[tuple[tuple[int, int], tuple[int, int]]]:
    """A size, and a smaller one."""
    side = st.integers(least, 300).flatmap(lambda whole: st.tuples(st.just(whole), st.integers(least, whole)))
    return st.tuples(side, side).map(lambda both: (both[0][::2] + both[1][::2], both[0][1::2] + both[1][1::2]))


@settings(deadline=None)
@given(sides(least=8))
def test_both_show_the_same_in_the_same_place(sizes: tuple[tuple[int, int], tuple[int, int]]) -> None:
    pytest.importorskip("pyvips", reason="needs the extra fast")
    size, wanted = sizes
    fast, slow = (np.asarray(shrink(smooth(*size), wanted, codec=codec), dtype=int) for codec in CODECS)
    assert np.abs(fast - slow).mean() < 1.2


@settings(deadline=None)
@given(sides(least=1))
def test_every_size_can_be_had(sizes: tuple[tuple[int, int], tuple[int, int]]) -> None:
    size, wanted = sizes
    made = shrink(smooth(*size), wanted, codec="auto")
    assert (made.size, made.mode) == (wanted, "RGB")


def test_transparency_is_weighed(picture: Callable[..., Image.Image]) -> None:
    whole = Image.new("RGBA", (40, 40), (255, 0, 0, 255))
    whole.paste((0, 255, 0, 0), (0, 0, 20, 40))  # unseen green
    seen = np.asarray(shrink(whole, (7, 7), codec="auto"))
    assert seen[..., 1][seen[..., 3] > 0].max() == 0


def test_an_image_of_the_wanted_size_stays() -> None:
    whole = smooth(20, 10)
    assert shrink(whole, (20, 10), codec="auto") is whole
