"""The same content is the same image, wherever it lies."""

from __future__ import annotations

import base64
import hashlib
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.data.pictures import picture
from vqaft.errors import ImageError
from vqaft.images import image_sha256


def test_files_and_bytes(tmp_path: Path) -> None:
    content = picture(1)
    path = tmp_path / "a.png"
    path.write_bytes(content)
    url = "data:image/png;base64," + base64.b64encode(content).decode()
    expected = hashlib.sha256(content).hexdigest()
    for source in (path, str(path), content, io.BytesIO(content), {"bytes": content, "path": "b.png"}, url):
        assert image_sha256(source) == expected


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(picture(1))
    before = image_sha256(path)
    path.write_bytes(picture(2) + b" ")
    assert image_sha256(path) != before


def test_pixels_count_with_their_layout() -> None:
    pixels = np.zeros((4, 2), dtype=np.uint8)
    assert image_sha256(pixels) != image_sha256(pixels.T.copy())
    assert image_sha256(Image.new("L", (4, 2))) != image_sha256(Image.new("L", (2, 4)))
    assert image_sha256(pixels) == image_sha256(pixels.copy())


def test_web_addresses_are_not_followed() -> None:
    assert image_sha256("https://example.org/a.png") != image_sha256("https://example.org/b.png")


def test_a_missing_file() -> None:
    with pytest.raises(ImageError, match=r"nowhere\.png: the image cannot be read"):
        image_sha256("nowhere.png")
