"""Laws of encoding, for images and settings as they come."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vqaft.errors import ImageError
from vqaft.images import PATCHES, TILES_HIGH, TILES_LOW, ImageEncoder

MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I", "F", "HSV", "YCbCr", "LAB")


@st.composite
def images(draw: st.DrawFn) -> Image.Image:
    width, height = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    seed = draw(st.integers(0, 2**32 - 1))
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 4), dtype=np.uint8)
    image = Image.fromarray(noise)
    mode = draw(st.sampled_from(MODES))
    if mode in {"I;16", "I", "F"}:
        grey = noise[:, :, 0].astype({"I;16": np.uint16, "I": np.int32, "F": np.float32}[mode])
        return Image.fromarray(grey * 257 if mode == "I;16" else grey)
    return Image.frombytes("LAB", image.size, noise[:, :, :3].tobytes()) if mode == "LAB" else _converted(image, mode)


def _converted(image: Image.Image, mode: str) -> Image.Image:
    return image if mode == "RGBA" else image.convert("RGB").convert(mode) if mode != "LA" else image.convert("LA")


ENCODERS = st.builds(
    ImageEncoder,
    format=st.sampled_from(["auto", "jpeg", "png", "webp"]),
    quality=st.integers(1, 100),
    max_side=st.none() | st.integers(1, 120),
    max_bytes=st.integers(2_000, 40_000),
    vision=st.sampled_from([None, TILES_HIGH, TILES_LOW, PATCHES]),
    codec=st.sampled_from(["pillow", "auto"]),
)


@settings(max_examples=150, deadline=None)
@given(image=images(), encoder=ENCODERS)
def test_encoding_is_deterministic_idempotent_and_never_grows(image: Image.Image, encoder: ImageEncoder) -> None:
    made = encoder.encode(image)
    assert encoder.encode(image).data == made.data
    assert encoder.encode(made.data).data == made.data
    assert made.size_bytes <= encoder.max_bytes
    assert made.width <= image.width
    assert made.height <= image.height
    assert max(made.width, made.height) <= (encoder.max_side or 90)
    shown = Image.open(io.BytesIO(made.data))
    shown.load()
    assert shown.mode in {"RGB", "RGBA"}
    assert shown.size == (made.width, made.height)
    scale = max(made.width, made.height) / max(image.size)
    assert all(
        abs(side * scale - shown_side) < 1 or shown_side == 1
        for side, shown_side in zip(image.size, shown.size, strict=True)
    )


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_damaged_files_end_in_an_image_or_an_error(data: st.DataObject) -> None:
    kind: Any = data.draw(st.sampled_from(["JPEG", "PNG", "WEBP"]))
    buffer = io.BytesIO()
    noise = np.random.default_rng(3).integers(0, 256, (20, 24, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, kind)
    damaged = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(1, len(damaged)))]
    try:
        made = ImageEncoder(codec="pillow").encode(bytes(damaged))
    except ImageError as error:
        assert error.path  # noqa: PT017 - either outcome is right
        return
    assert ImageEncoder(codec="pillow").encode(made.data).data == made.data
