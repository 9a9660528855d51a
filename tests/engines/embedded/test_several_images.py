"""Questions about several images are learnt from and answered with all of them."""

from __future__ import annotations

import io

import pybase64
import pytest
from PIL import Image

from vqaft.engines.embedded.inputs import MAX_SIDE, Picture
from vqaft.errors import ImageError


def url(color: str, size: tuple[int, int] = (40, 20), mode: str = "RGB") -> str:
    buffer = io.BytesIO()
    Image.new(mode, size, color).save(buffer, "PNG")
    return "data:image/png;base64," + pybase64.b64encode_as_string(buffer.getvalue())


def opened(*urls: str) -> tuple[Picture, Image.Image]:
    picture = Picture.from_urls(urls)
    assert picture is not None
    return picture, picture.open()


def test_images_stand_side_by_side_in_their_order() -> None:
    picture, image = opened(url("red"), url("blue", (10, 50)))
    assert picture.size == image.size == (50, 50)
    assert [image.getpixel(place) for place in ((5, 5), (45, 45), (5, 40))] == [
        (255, 0, 0),
        (0, 0, 255),
        (255, 255, 255),
    ]


def test_transparent_images_stand_on_white() -> None:
    _, image = opened(url("#ff000000", mode="RGBA"), url("blue"))
    assert image.getpixel((5, 5)) == (255, 255, 255)


def test_order_and_number_make_another_picture() -> None:
    keys = {opened(*urls)[0].key for urls in ((url("red"),), (url("red"), url("blue")), (url("blue"), url("red")))}
    assert len(keys) == 3


def test_many_large_images_stay_within_the_limit() -> None:
    _, image = opened(*[url("red", (3_000, 1_000))] * 4)
    assert max(image.size) <= MAX_SIDE


def test_none_is_none_and_a_bad_one_is_refused() -> None:
    assert Picture.from_urls(()) is None
    with pytest.raises(ImageError):
        Picture.from_urls((url("red"), "https://example.org/a.png"))
