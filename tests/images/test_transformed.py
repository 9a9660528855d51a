from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from vqaft.images import SKETCH_BYTES, picture_sketch, transformed_pairs


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


def slip(seed: int, margin: float = 0.0) -> Image.Image:
    """Draw a slip with names on the left and prices on the right, on white, so that it has no edge in a white page."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (360, 560), "white")
    draw = ImageDraw.Draw(image)
    for row in range(28):
        ink = (int(rng.integers(0, 90)),) * 3
        draw.rectangle((0, 19 * row, int(rng.integers(40, 260)), 7 + 19 * row), fill=ink)
        draw.rectangle((int(rng.integers(280, 340)), 19 * row, 359, 7 + 19 * row), fill=ink)
    draw.rectangle((0, 0, 359, 12), fill="black")
    draw.rectangle((0, 540, 359, 559), fill="black")
    return ImageOps.expand(image, round(margin * 360), "white")


def article(image: Image.Image) -> Image.Image:
    """Show an image in the right of two columns, above a caption and more text."""
    canvas = Image.new("RGB", (1200, 900), "white")
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(18)
    for left, top, lines in ((40, 40, 38), (640, 730, 2), (640, 800, 4)):
        for line in range(lines):
            draw.text(
                (left, top + 22 * line), f"line {line * 7919 % 997} of what is said of the picture", "black", font
            )
    canvas.paste(ImageOps.contain(image, (540, 660)), (660, 40))
    return canvas


@pytest.mark.parametrize("margin", [0.0, 0.4])
@pytest.mark.parametrize("change", [page, article])
def test_a_white_picture_in_a_white_page_is_found(change: Callable[[Image.Image], Image.Image], margin: float) -> None:
    slips = [slip(seed, margin) for seed in range(5)]
    assert pairs_of([*slips, *map(change, slips)]) == {(number, number + 5) for number in range(5)}


def test_shapes_of_another_contrast_are_not_copies() -> None:
    faint, strong = (Image.new("L", (300, 300), ground) for ground in (240, 20))
    for image, level in ((faint, 255), (strong, 255)):
        ImageDraw.Draw(image).rectangle((60, 40, 200, 180), fill=level)
    assert pairs_of([faint.convert("RGB"), cropped(strong.convert("RGB"))]) == set()


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (19, 19), (900, 20)])
def test_small_and_narrow_pictures_have_a_sketch(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    found = picture_sketch(Image.fromarray(rng.integers(0, 256, (size[1], size[0]), dtype=np.uint8)))
    assert found is not None
    assert len(found) == SKETCH_BYTES <= 1024
    left, _ = transformed_pairs(np.frombuffer(found + bytes(len(found)), dtype=np.uint8).reshape(2, -1))
    assert not len(left)


def test_no_pictures_have_no_pairs() -> None:
    left, right = transformed_pairs(np.empty((0, SKETCH_BYTES), dtype=np.uint8))
    assert (left.tolist(), right.tolist()) == ([], [])


def test_what_a_table_holds_of_an_image_is_less_than_a_kilobyte() -> None:
    content_hash, perceptual_hash, visible = 32, 8, 1
    assert SKETCH_BYTES + content_hash + perceptual_hash + visible <= 1024
