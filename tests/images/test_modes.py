"""Every mode of pixels as RGB or RGBA."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms

from vqaft.images import ImageEncoder
from vqaft.images.color import is_srgb, to_rgb

Save = Callable[..., bytes]


def grey(values: list[list[float]], kind: type) -> Image.Image:
    return Image.fromarray(np.array(values, dtype=kind))


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("1", (1, 1), 1), (255, 255, 255)),
        (Image.new("L", (1, 1), 7), (7, 7, 7)),
        (Image.new("LA", (1, 1), (7, 9)), (7, 7, 7, 9)),
        (Image.new("RGBX", (1, 1), (1, 2, 3)), (1, 2, 3)),
        (Image.new("RGBa", (1, 1), (50, 0, 0, 50)), (255, 0, 0, 50)),
        (Image.new("La", (1, 1), (50, 50)), (255, 255, 255, 50)),
        (Image.new("CMYK", (1, 1), (0, 0, 0, 255)), (0, 0, 0)),
        (Image.new("HSV", (1, 1), (0, 255, 255)), (255, 0, 0)),
        (Image.new("YCbCr", (1, 1), (128, 128, 128)), (128, 128, 128)),
        (Image.new("LAB", (1, 1), (255, 128, 128)), (255, 255, 255)),
        (grey([[65535]], np.uint16), (255, 255, 255)),
        (grey([[0x1234]], np.uint16), (0x12, 0x12, 0x12)),
        (grey([[200]], np.int32), (200, 200, 200)),
        (grey([[257 * 200]], np.int32), (200, 200, 200)),
        (grey([[0.0]], np.float32), (0, 0, 0)),
        (grey([[float("nan")]], np.float32), (0, 0, 0)),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else str(value),
)
def test_a_pixel_of_every_mode(image: Image.Image, expected: tuple[int, ...]) -> None:
    made = to_rgb(image, None)
    assert made.mode == ("RGBA" if len(expected) == 4 else "RGB")
    pixel = made.getpixel((0, 0))
    assert isinstance(pixel, tuple)
    assert max(abs(int(a) - b) for a, b in zip(pixel, expected, strict=True)) <= 1


def test_what_has_no_fixed_white_is_stretched() -> None:
    image = grey([[-100.0, 0.0, 100_000.0]], np.float32)
    assert np.asarray(to_rgb(image, None))[0, :, 0].tolist() == [0, 0, 255]


def test_sixteen_bit_grey_keeps_its_transparent_value() -> None:
    image = grey([[5, 40_000]], np.uint16)
    image.info["transparency"] = 5
    assert np.asarray(to_rgb(image, None))[0].tolist() == [[0, 0, 0, 0], [156, 156, 156, 255]]


def linear_profile() -> bytes:
    """sRGB's profile with another gamma: its curve tags replaced by the identity."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for entry in range(int.from_bytes(profile[128:132])):
        place = 132 + 12 * entry
        if bytes(profile[place : place + 4]) in {b"rTRC", b"gTRC", b"bTRC"}:
            start = int.from_bytes(profile[place + 4 : place + 8])
            profile[start : start + 12] = b"curv" + bytes(8)
            profile[place + 8 : place + 12] = (12).to_bytes(4)
    return bytes(profile)


def test_profiles_that_are_srgb_and_that_are_not(srgb: bytes) -> None:
    assert is_srgb(srgb)
    assert not is_srgb(linear_profile())
    assert is_srgb(b"rubbish means nothing")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_colours_are_brought_to_srgb(kind: str, saved: Save, decoded: Callable[[bytes], Image.Image]) -> None:
    settings = {"lossless": True} if kind == "WEBP" else {}
    data = saved(Image.new("RGB", (16, 16), (55, 55, 55)), kind, icc_profile=linear_profile(), **settings)
    made = decoded(ImageEncoder(quality=95).encode(data).data)
    assert "icc_profile" not in made.info
    # 55 / 255 of linear light is 127 in sRGB (IEC 61966-2-1).
    assert np.abs(np.asarray(made.convert("RGB"), dtype=int) - 127).max() <= 3


def test_a_profile_for_other_colours_is_passed_over(saved: Save, srgb: bytes) -> None:
    data = saved(Image.new("CMYK", (16, 16), (0, 0, 0, 128)), "JPEG", icc_profile=srgb)
    assert ImageEncoder().encode(data).width == 16
