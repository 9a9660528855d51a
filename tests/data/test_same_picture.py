"""One picture saved twice, or two that only look alike."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance

from tests.data.pictures import picture
from vqaft.data.image_table import same_picture


def flat(color: str) -> Image.Image:
    return Image.new("RGB", (9, 9), color)


def test_made_up_pictures() -> None:
    assert same_picture(picture(1), picture(1, brightness=1.1))
    assert not same_picture(picture(1), picture(2))
    assert same_picture(flat("red"), flat("red"))
    assert not same_picture(flat("red"), flat("blue"))
    assert not same_picture(flat("red"), picture(1))
    assert not same_picture("https://example.org/a.png", picture(1))


@pytest.mark.parametrize(("brightness", "scale", "quality"), [(1.0, 1.0, 40), (1.0, 0.5, 90), (1.2, 1.0, 90)])
def test_copies_of_receipts(shared: Path, brightness: float, scale: float, quality: int) -> None:
    for path in sorted((shared / "data" / "receipts" / "images").iterdir())[:15]:
        with Image.open(path) as opened:
            image = ImageEnhance.Brightness(opened.convert("RGB")).enhance(brightness)
        file = io.BytesIO()
        image.resize((round(image.width * scale), round(image.height * scale))).save(file, "JPEG", quality=quality)
        assert same_picture(str(path), file.getvalue())


def test_receipts_of_one_shop_are_not_the_same(shared: Path) -> None:
    one, other, third = (str(shared / "data" / "receipts" / "images" / f"0{name}.jpg") for name in (30, 55, 56))
    assert not same_picture(one, other)
    assert not same_picture(other, third)
