"""Two libraries for JPEG, one result as far as they agree."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image

from vqaft.errors import MissingExtraError
from vqaft.images import ImageEncoder
from vqaft.images.codec import Codec, codec_version, resolved_codec

Picture = Callable[..., Image.Image]
Save = Callable[..., bytes]


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    resolved_codec.cache_clear()
    yield
    resolved_codec.cache_clear()


@pytest.mark.parametrize("missing", ["simplejpeg", "pyvips"])
def test_without_the_extra_pillow_works(missing: str, monkeypatch: pytest.MonkeyPatch, picture: Picture) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    assert codec_version("auto").startswith("pillow ")
    assert ImageEncoder(format="jpeg").encode(picture(8, 8)).mime == "image/jpeg"
    with pytest.raises(MissingExtraError, match=r"vqaft\[fast\]"):
        ImageEncoder(format="jpeg", codec="fast").encode(picture(8, 8))


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("max_side", [None, 60])
def test_both_show_the_same(mode: str, max_side: int | None, picture: Picture, saved: Save) -> None:
    pytest.importorskip("pyvips", reason="needs the extra fast")
    data = saved(picture(200, 150, mode), "JPEG", quality=90)
    shown = []
    codecs: tuple[Codec, ...] = ("pillow", "fast")
    for codec in codecs:
        encoder = ImageEncoder(codec=codec, pass_through=False, max_side=max_side)
        made = encoder.encode(data)
        assert encoder.encode(data).data == made.data
        shown.append(np.asarray(Image.open(io.BytesIO(made.data)), dtype=int))
    assert shown[0].shape == shown[1].shape
    assert np.abs(shown[0] - shown[1]).mean() < 1.5


def test_both_decode_to_the_same_pixels(picture: Picture, saved: Save) -> None:
    pytest.importorskip("pyvips", reason="needs the extra fast")
    data = saved(picture(200, 150), "JPEG", quality=90)
    codecs: tuple[Codec, ...] = ("pillow", "fast")
    made = [ImageEncoder(codec=codec, format="png").encode(data).data for codec in codecs]
    assert made[0] == made[1]


def test_colours_of_a_file_that_is_encoded_again_stay(saved: Save) -> None:
    pytest.importorskip("pyvips", reason="needs the extra fast")
    speckled = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8))
    data = saved(speckled.resize((240, 160)), "JPEG", quality=95)
    apart = []
    for codec in ("fast", "pillow"):
        again = ImageEncoder(codec=codec, pass_through=False, quality=95).encode(data).data
        before, after = (np.asarray(Image.open(io.BytesIO(file)), dtype=int) for file in (data, again))
        apart.append(np.abs(before - after).mean())
    fast, slow = apart
    assert fast < 0.8 * slow


def test_what_one_cannot_decode_the_other_may(picture: Picture, saved: Save) -> None:
    pytest.importorskip("pyvips", reason="needs the extra fast")
    data = bytearray(saved(picture(200, 150), "JPEG", quality=90, restart_marker_rows=1))
    middle = data.index(b"\xff\xd3")
    data[middle - 8 : middle - 2] = b"\x55" * 6
    made = ImageEncoder(codec="fast", pass_through=False).encode(bytes(data))
    assert (made.width, made.height) == (200, 150)
