"""HEIC, which pillow does not read itself."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest
from PIL import Image

from vqaft.errors import MissingExtraError
from vqaft.images import ImageEncoder

HEAD = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(64)


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(MissingExtraError, match=r"vqaft\[heif\]"):
        ImageEncoder().encode(HEAD)


def test_reads_heic_upright_and_without_metadata(picture: Callable[..., Image.Image]) -> None:
    pillow_heif = pytest.importorskip("pillow_heif", reason="needs the extra heif")
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "Secret-Ward-7"
    buffer = io.BytesIO()
    pillow_heif.from_pillow(picture(64, 48)).save(buffer, exif=exif.tobytes(), quality=90)
    assert b"Secret" in buffer.getvalue()
    before = dict(Image.EXTENSION)
    made = ImageEncoder().encode(buffer.getvalue())
    assert made.mime == "image/jpeg"
    assert (made.width, made.height) == (48, 64)
    assert b"Secret" not in made.data
    assert before == Image.EXTENSION
