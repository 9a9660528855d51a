from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from vqaft.images import hash_and_sketch, transformed_pairs


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
]


def pairs_of(images: list[Image.Image]) -> set[tuple[int, int]]:
    sketches = []
    for image in images:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=80)
        found = hash_and_sketch(buffer.getvalue())
        assert found is not None
        sketches.append(np.frombuffer(found[1], dtype=np.uint8))
    left, right = transformed_pairs(np.stack(sketches))
    return set(zip(left.tolist(), right.tolist(), strict=True))


@pytest.mark.parametrize("change", CHANGES)
def test_a_transformed_copy_is_found_and_nothing_else(change: Callable[[Image.Image], Image.Image]) -> None:
    images = [picture(seed) for seed in range(12)]
    assert pairs_of([*images, *map(change, images)]) == {(number, number + 12) for number in range(12)}


def test_a_sketch_takes_less_than_a_kilobyte() -> None:
    found = hash_and_sketch(picture(0))
    assert found is not None
    assert len(found[1]) <= 1_000


def test_no_pictures_have_no_pairs() -> None:
    left, right = transformed_pairs(np.empty((0, 900), dtype=np.uint8))
    assert (left.tolist(), right.tolist()) == ([], [])
