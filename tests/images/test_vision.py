"""What models keep of an image, against the documented examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.images import PATCHES, TILES_HIGH, TILES_LOW, PatchVision, TileVision, Vision, shrunk_size, vision_of

SIDES = st.integers(1, 20_000)


@pytest.mark.parametrize(("size", "tiles"), [((1024, 1024), 4), ((2048, 4096), 6), ((512, 512), 1), ((386, 500), 1)])
def test_tiles_as_documented(size: tuple[int, int], tiles: int) -> None:
    assert TILES_HIGH.tiles(*size) == tiles


def test_low_detail_is_one_tile() -> None:
    assert TILES_LOW.tiles(4000, 3000) == 1
    assert shrunk_size((4000, 3000), TILES_LOW.scale(4000, 3000)) == (512, 384)


@pytest.mark.parametrize(("size", "patches"), [((1024, 1024), 1024), ((1800, 2400), 1452), ((32, 33), 2)])
def test_patches_as_documented(size: tuple[int, int], patches: int) -> None:
    assert PATCHES.patches(*size) == patches


def test_patches_shrink_as_documented() -> None:
    assert shrunk_size((1800, 2400), PATCHES.scale(1800, 2400)) == (33 * 32, 44 * 32)


@given(width=SIDES, height=SIDES, vision=st.sampled_from([TILES_HIGH, TILES_LOW, PATCHES]))
def test_shrinking_once_is_enough(width: int, height: int, vision: Vision) -> None:
    kept = shrunk_size((width, height), vision.scale(width, height))
    assert kept[0] <= width
    assert kept[1] <= height
    assert shrunk_size(kept, vision.scale(*kept)) == kept
    if isinstance(vision, PatchVision):
        assert vision.patches(width, height) == vision.patches(*kept) <= vision.max_patches
    else:
        assert vision.tiles(width, height) == vision.tiles(*kept)
        assert max(kept) <= vision.fit


@pytest.mark.parametrize(
    ("model", "detail", "vision"),
    [
        ("gpt-4o-2024-08-06", None, TILES_HIGH),
        ("gpt-4o", "high", TILES_HIGH),
        ("gpt-4o", "low", TILES_LOW),
        ("gpt-4.1-2025-04-14", "auto", TILES_HIGH),
        ("ft:gpt-4o-2024-08-06:org:books:abc", "low", TILES_LOW),
        ("gpt-4o-mini", None, TILES_HIGH),
        ("gpt-4.1-mini-2025-04-14", "low", PATCHES),
        ("o4-mini", None, PATCHES),
        ("Qwen/Qwen3-VL-8B-Instruct", None, None),
    ],
)
def test_vision_of_models(model: str, detail: None, vision: TileVision | PatchVision | None) -> None:
    assert vision_of(model, detail=detail) == vision
