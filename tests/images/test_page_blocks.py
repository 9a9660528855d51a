from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from vqaft.images.page_blocks import block_boxes, content_box

SHOWN = (150, 30, 230, 150)


def inked(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int], seed: int = 0) -> None:
    """Spread ink unevenly up to the edges of a box."""
    rng = np.random.default_rng(seed)
    left, top, right, bottom = box
    draw.rectangle((left, top, right - 30, top + 6), fill=0)
    draw.rectangle((left + 30, bottom - 7, right - 1, bottom - 1), fill=0)
    for row in range(top + 9, bottom - 9, 5):
        draw.rectangle((left, row, left + int(rng.integers(4, 40)), row + 2), fill=60)
        draw.rectangle((right - int(rng.integers(2, 30)), row, right - 1, row + 2), fill=60)


def text(draw: ImageDraw.ImageDraw, box: tuple[int, int, int, int]) -> None:
    """Write lines that are gray from end to end, as text is when it is small."""
    left, top, right, bottom = box
    for row in range(top, bottom, 4):
        draw.rectangle((left, row, right - 1, row + 1), fill=100)


def page(*, ground: int = 255) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", (320, 200), ground)
    return image, ImageDraw.Draw(image)


def near(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return bool(np.abs(np.subtract(one, other)).max() <= 1)


def test_margins_and_specks_are_no_content() -> None:
    image, draw = page()
    inked(draw, SHOWN)
    for place in ((4, 4), (316, 120), (20, 190)):
        draw.point(place, fill=0)
    assert near(content_box(image), SHOWN)


@pytest.mark.parametrize("level", [0, 255])
def test_a_flat_image_is_content_as_a_whole(level: int) -> None:
    assert content_box(Image.new("L", (40, 30), level)) == (0, 0, 40, 30)
    assert block_boxes(Image.new("L", (40, 30), level), 3) == []


def test_a_block_between_columns_and_a_caption_is_found() -> None:
    image, draw = page()
    draw.rectangle((0, 0, 319, 15), fill=90)
    inked(draw, SHOWN)
    for box in ((10, 30, 110, 190), (250, 30, 310, 190), (125, 160, 245, 172)):
        text(draw, box)
    assert any(near(box, SHOWN) for box in block_boxes(image, 2))


def test_a_block_between_lines_as_wide_as_the_page_is_found() -> None:
    image, draw = page()
    inked(draw, SHOWN)
    for box in ((10, 4, 310, 22), (10, 156, 310, 174), (10, 182, 310, 196)):
        text(draw, box)
    assert any(near(box, SHOWN) for box in block_boxes(image, 2))


def test_blocks_are_bounded_and_no_bars() -> None:
    rng = np.random.default_rng(0)
    image, draw = page()
    draw.rectangle((0, 0, 319, 30), fill=30)
    for left in range(10, 300, 60):
        for top in (50, 110):
            inked(draw, (left, top, left + 40, top + 40), int(rng.integers(1000)))
    found = block_boxes(image, 4)
    assert len(found) == 4
    assert all(top > 30 for _, top, _, _ in found)
