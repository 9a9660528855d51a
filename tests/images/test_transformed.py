from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from vqaft.images import picture_sketch, transformed_pairs


def picture(seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (320, 440), tuple(rng.integers(0, 256, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for _ in range(14):
        left, top, width, height = rng.integers((0, 0, 20, 20), (300, 400, 160, 160)).tolist()
        draw.rectangle((left, top, left + width, top + height), fill=tuple(rng.integers(0, 256, 3).tolist()))
    return image.filter(ImageFilter.GaussianBlur(2))


def cropped(image: Image.Image) -> Image.Image:
    return image.crop((16, 22, 304, 418))


def page(
    image: Image.Image, *, ground: str = "white", ink: str = "black", place: tuple[int, int] = (360, 150)
) -> Image.Image:
    """Show an image in a page with bars above and below and text beside it."""
    canvas = Image.new("RGB", (1200, 760), ground)
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((0, 0, 1200, 60), fill=(70, 74, 82))
    draw.text((20, 14), "File   Edit   View   12:45", fill="white", font=ImageFont.load_default(28))
    for line in range(20):
        draw.text(
            (20, 160 + 28 * line), f"line {line * 7919 % 997} of the page", fill=ink, font=ImageFont.load_default(20)
        )
    draw.rectangle((0, 730, 1200, 760), fill=(190, 190, 195))
    canvas.paste(ImageOps.contain(image, (700, 540)), place)
    return canvas


def window(image: Image.Image) -> Image.Image:
    """Show an image in a window on a desktop whose color changes from side to side."""
    ramp = np.linspace(60, 200, 1600, dtype=np.uint8)
    canvas = Image.fromarray(np.broadcast_to(ramp, (900, 1600)).copy()).convert("RGB")
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((400, 80, 1250, 820), fill=(244, 245, 246))
    draw.rectangle((400, 80, 1250, 112), fill=(205, 208, 212))
    shown = ImageOps.contain(image, (780, 650))
    canvas.paste(shown, (825 - shown.width // 2, 140))
    return canvas


CHANGES: list[Callable[[Image.Image], Image.Image]] = [
    cropped,
    lambda image: image.crop((0, 22, 320, 440)),
    ImageOps.mirror,
    ImageOps.flip,
    lambda image: image.transpose(Image.Transpose.ROTATE_90),
    lambda image: image.transpose(Image.Transpose.ROTATE_180),
    lambda image: ImageOps.mirror(cropped(image)).transpose(Image.Transpose.ROTATE_270),
    lambda image: ImageOps.expand(image, 24, "white"),
    lambda image: ImageOps.expand(image, 16, "black"),
    page,
    lambda image: page(image, ground="#16181c", ink="white", place=(600, 110)),
    window,
]


def pairs_of(images: Sequence[Image.Image]) -> set[tuple[int, int]]:
    sketches = []
    for image in images:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=80)
        found = picture_sketch(buffer.getvalue())
        assert found is not None
        sketches.append(np.frombuffer(found, dtype=np.uint8))
    left, right = transformed_pairs(np.stack(sketches))
    return set(zip(left.tolist(), right.tolist(), strict=True))


@pytest.mark.parametrize("change", CHANGES)
def test_a_transformed_copy_is_found_and_nothing_else(change: Callable[[Image.Image], Image.Image]) -> None:
    images = [picture(seed) for seed in range(6)]
    assert pairs_of([*images, *map(change, images)]) == {(number, number + 6) for number in range(6)}


def test_pages_around_different_pictures_are_not_copies() -> None:
    assert pairs_of([page(picture(seed)) for seed in range(6)]) == set()


def test_a_picture_on_a_page_without_an_edge_is_not_taken_for_another() -> None:
    white = [ImageOps.expand(picture(seed), 60, "white") for seed in range(4)]
    assert pairs_of([*white, *map(page, white)]) <= {(number, number + 4) for number in range(4)}


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (19, 19), (900, 20)])
def test_small_and_narrow_pictures_have_a_sketch(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    found = picture_sketch(Image.fromarray(rng.integers(0, 256, (size[1], size[0]), dtype=np.uint8)))
    assert found is not None
    assert len(found) <= 900
    left, _ = transformed_pairs(np.frombuffer(found + bytes(len(found)), dtype=np.uint8).reshape(2, -1))
    assert not len(left)


def test_no_pictures_have_no_pairs() -> None:
    left, right = transformed_pairs(np.empty((0, 897), dtype=np.uint8))
    assert (left.tolist(), right.tolist()) == ([], [])
