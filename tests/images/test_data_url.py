"""Images of records: within the formats and limits of the chat format, upright, and never from anywhere else."""

from __future__ import annotations

import io

import pybase64
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vqaft.errors import DataError, ImageError
from vqaft.images import InputLimits, decode_data_url


def _url(image: Image.Image, kind: str = "PNG", **options: object) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return f"data:image/{kind.lower()};base64,{pybase64.b64encode(buffer.getvalue()).decode()}"


def test_an_image_is_turned_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode_data_url(_url(Image.new("RGB", (40, 20), "red"), "JPEG", exif=exif)).size == (20, 40)


def test_transparent_pixels_are_laid_on_white() -> None:
    pixels = decode_data_url(_url(Image.new("RGBA", (2, 2), (0, 0, 0, 0))))
    assert (pixels.mode, pixels.getpixel((0, 0))) == ("RGB", (255, 255, 255))


@settings(deadline=None)
@given(width=st.integers(1, 200), height=st.integers(1, 200), most=st.integers(1, 3000))
def test_no_image_has_more_pixels_than_allowed(width: int, height: int, most: int) -> None:
    small = decode_data_url(_url(Image.new("L", (width, height))), max_pixels=most)
    assert small.width * small.height <= most
    assert small.width <= width
    assert small.height <= height
    if width * height <= most:
        assert small.size == (width, height)


@pytest.mark.parametrize("url", ["/etc/hostname", "file:///etc/hostname", "https://example.com/a.png", ""])
def test_nothing_but_a_data_url_is_opened(url: str) -> None:
    with pytest.raises(ImageError, match="is not a data URL"):
        decode_data_url(url)


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(ImageError, match="is not one of GIF, JPEG, PNG, WEBP"):
        decode_data_url(_url(Image.new("RGB", (32, 32)), kind))


def test_what_is_broken_or_too_large_is_refused() -> None:
    whole = _url(Image.new("RGB", (64, 64), "red"))
    with pytest.raises(ImageError):
        decode_data_url(whole[: len(whole) // 2])
    with pytest.raises(ImageError, match="more than 100"):
        decode_data_url(whole, limits=InputLimits(max_pixels=100))
    with pytest.raises(DataError, match="less than 1"):
        decode_data_url(whole, max_pixels=0)
