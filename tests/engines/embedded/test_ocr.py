from __future__ import annotations

import io
from pathlib import Path

import pybase64
import pytest
from PIL import Image, ImageDraw, ImageFont

from vqaft.engines.embedded.inputs import Picture
from vqaft.engines.embedded.ocr import Line, TextRecognizer


def picture(text: str, size: tuple[int, int] = (400, 120)) -> Picture:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).text((20, 30), text, fill="black", font=ImageFont.load_default(40))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    found = Picture.from_urls(["data:image/png;base64," + pybase64.b64encode_as_string(buffer.getvalue())])
    assert found is not None
    return found


needs_ocr = pytest.mark.skipif(not TextRecognizer.is_available(), reason="needs the extra ocr")


@needs_ocr
def test_text_is_read_once_and_kept(tmp_path: Path) -> None:
    shown = picture("Harbour 217")
    lines = TextRecognizer(tmp_path).read(shown)
    assert ["".join(line.text.split()) for line in lines] == ["Harbour217"]
    assert 0 < lines[0].left < lines[0].right < 400
    (kept,) = tmp_path.rglob("*.json")
    assert kept.stem == shown.key
    kept.write_bytes(b'[{"text": "from the cache", "left": 0, "top": 0, "right": 1, "bottom": 1}]')
    assert [line.text for line in TextRecognizer(tmp_path).read(shown)] == ["from the cache"]
    kept.write_bytes(b"damaged")
    assert TextRecognizer(tmp_path).read(shown) == lines


@needs_ocr
def test_an_image_without_text_is_read_once_too(tmp_path: Path) -> None:
    reader, shown = TextRecognizer(tmp_path), picture("")
    assert reader.read(shown) == ()
    assert [path.read_bytes() for path in tmp_path.rglob("*.json")] == [b"[]"]
    assert reader.read(shown) == ()


def test_small_images_are_not_read(tmp_path: Path) -> None:
    assert TextRecognizer(tmp_path).read(picture("a", (99, 400))) == ()
    assert not list(tmp_path.iterdir())


def test_cached_text_is_returned_without_the_extra(tmp_path: Path) -> None:
    shown = picture("any", (50, 50))
    folder = tmp_path / shown.key[:2]
    folder.mkdir()
    (folder / f"{shown.key}.json").write_bytes(b'[{"text":"kept","left":1,"top":2,"right":3,"bottom":4}]')
    assert TextRecognizer(tmp_path).read(shown) == (Line(text="kept", left=1, top=2, right=3, bottom=4),)
