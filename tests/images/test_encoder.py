"""What comes out of the encoder, for what goes in."""

from __future__ import annotations

import base64
import errno
import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vqaft.errors import DataError, ImageError, StateError
from vqaft.images import TILES_LOW, ImageEncoder, InputLimits

Decode = Callable[[bytes], Image.Image]
Picture = Callable[..., Image.Image]
Save = Callable[..., bytes]


def test_every_form_of_a_source_gives_the_same(picture: Picture, saved: Save, tmp_path: Path) -> None:
    data = saved(picture(40, 30), "PNG")
    path = tmp_path / "image.png"
    path.write_bytes(data)
    url = "data:image/png;base64," + base64.b64encode(data).decode()
    forms: list[Any] = [path, str(path), data, bytearray(data), io.BytesIO(data), url]
    forms += [{"bytes": data, "path": None}, {"bytes": None, "path": str(path)}]
    assert {ImageEncoder().encode(form).data for form in forms} == {data}
    with path.open("rb") as file:
        assert ImageEncoder().encode(file).data == data
    pixels: list[Any] = [Image.open(path), np.asarray(Image.open(path))]
    assert {ImageEncoder().encode(form).sha256 for form in pixels} == {ImageEncoder().encode(data).sha256}


def test_the_facts_of_the_result(picture: Picture, saved: Save) -> None:
    made = ImageEncoder().encode(saved(picture(40, 30), "JPEG"))
    assert (made.mime, made.width, made.height, made.size_bytes) == ("image/jpeg", 40, 30, len(made.data))
    assert made.data_url == "data:image/jpeg;base64," + base64.b64encode(made.data).decode()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_compliant_file_stands_untouched(kind: str, mode: str, picture: Picture, saved: Save) -> None:
    data = saved(picture(40, 30, "RGB" if kind == "JPEG" else mode), kind)
    assert ImageEncoder().encode(data).data is data


def test_metadata_goes_without_touching_a_pixel(
    secretive: Callable[[int], bytes], secrets: tuple[bytes, ...], decoded: Decode
) -> None:
    data = secretive(1)
    assert any(secret in data for secret in secrets)
    made = ImageEncoder().encode(data)
    assert [secret for secret in secrets if secret in made.data] == []
    before, after = decoded(data), decoded(made.data)
    assert before.mode == after.mode
    assert before.tobytes() == after.tobytes()
    assert len(made.data) < len(data)


@pytest.mark.parametrize("orientation", range(2, 9))
def test_turned_images_come_out_upright(
    orientation: int, secretive: Callable[[int], bytes], secrets: tuple[bytes, ...], decoded: Decode
) -> None:
    data = secretive(orientation)
    made = ImageEncoder(quality=95).encode(data)
    assert [secret for secret in secrets if secret in made.data] == []
    turns = [None, None, 0, 3, 1, 5, 4, 6, 2]  # by EXIF 2.32; numbers of PIL's Transpose
    turn = turns[orientation]
    assert turn is not None
    expected = decoded(data).transpose(Image.Transpose(turn))
    shown = decoded(made.data)
    assert shown.size == expected.size == (made.width, made.height)
    apart = np.abs(np.asarray(shown, dtype=int) - np.asarray(expected, dtype=int))
    assert apart.mean() < 3


@pytest.mark.parametrize(
    ("kind", "mode", "format_", "mime"),
    [
        ("JPEG", "RGB", "auto", "jpeg"),
        ("JPEG", "L", "auto", "jpeg"),
        ("JPEG", "CMYK", "auto", "jpeg"),
        ("PNG", "L", "auto", "png"),
        ("PNG", "P", "auto", "png"),
        ("PNG", "RGB", "jpeg", "jpeg"),
        ("PNG", "RGBA", "webp", "webp"),
        ("WEBP", "RGBA", "auto", "webp"),
        ("WEBP", "RGB", "png", "png"),
        ("GIF", "P", "auto", "png"),
        ("BMP", "RGB", "auto", "png"),
        ("TIFF", "RGB", "jpeg", "jpeg"),
        ("AVIF", "RGB", "auto", "jpeg"),
    ],
)
def test_formats(kind: str, mode: str, format_: Any, mime: str, picture: Picture, saved: Save, decoded: Decode) -> None:
    made = ImageEncoder(format=format_).encode(saved(picture(40, 30, mode), kind))
    assert made.mime == f"image/{mime}"
    shown = decoded(made.data)
    assert shown.format == mime.upper()
    assert shown.mode in {"RGB", "RGBA"}
    apart = np.asarray(shown.convert("RGB"), dtype=int) - np.asarray(picture(40, 30, mode).convert("RGB"), dtype=int)
    assert np.abs(apart).mean() < 6 or mode in {"P", "RGBA"}


def test_transparency_is_kept_or_laid_on_a_background(picture: Picture, saved: Save, decoded: Decode) -> None:
    clear = saved(Image.new("RGBA", (8, 8), (200, 0, 0, 0)), "PNG")
    assert decoded(ImageEncoder().encode(clear).data).getpixel((0, 0)) == (200, 0, 0, 0)
    assert decoded(ImageEncoder(format="jpeg").encode(clear).data).getpixel((0, 0)) == (255, 255, 255)
    blue = ImageEncoder(format="jpeg", quality=100, background=(0, 0, 255)).encode(clear)
    assert np.abs(np.asarray(decoded(blue.data), dtype=int)[0, 0] - [0, 0, 255]).max() <= 2
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    made = decoded(ImageEncoder().encode(saved(palette, "PNG", transparency=1)).data)
    assert made.getpixel((0, 0)) == (0, 255, 0, 0)


def test_the_first_frame_of_an_animation(saved: Save, decoded: Decode) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    for kind in ("GIF", "PNG", "WEBP", "AVIF"):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
        shown = decoded(ImageEncoder().encode(data).data)
        red = np.asarray(shown.convert("RGB"))[0, 0]
        assert red[0] > 240
        assert red[1:].max() < 16
        assert getattr(shown, "n_frames", 1) == 1


def test_shrinks_and_never_enlarges(picture: Picture, saved: Save) -> None:
    data = saved(picture(400, 300), "JPEG")
    small = ImageEncoder(max_side=100).encode(data)
    assert (small.width, small.height) == (100, 75)
    assert ImageEncoder(max_side=1000).encode(data).data is data
    low = ImageEncoder(vision=TILES_LOW).encode(saved(picture(1024, 700), "PNG"))
    assert (low.width, low.height) == (512, 350)


def test_shrinks_turned_images_by_their_upright_sides(saved: Save, picture: Picture) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    made = ImageEncoder(max_side=100).encode(saved(picture(400, 300), "JPEG", exif=exif))
    assert (made.width, made.height) == (75, 100)


@pytest.mark.parametrize("format_", ["auto", "jpeg", "png", "webp"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("max_bytes", [20_000, 3_000, 700])
def test_keeps_within_bytes(format_: Any, mode: str, max_bytes: int, decoded: Decode) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (120, 160, len(mode)), dtype=np.uint8)
    encoder = ImageEncoder(format=format_, max_bytes=max_bytes)
    made = encoder.encode(noise)
    assert made.size_bytes <= max_bytes
    assert decoded(made.data).size == (made.width, made.height)
    assert abs(made.width * 120 - made.height * 160) <= 160
    assert made.width > 8
    assert encoder.encode(made.data).data == made.data


def test_loses_quality_before_pixels() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    whole = ImageEncoder(format="jpeg").encode(noise)
    made = ImageEncoder(format="jpeg", max_bytes=whole.size_bytes * 3 // 4).encode(noise)
    assert (made.width, made.height) == (160, 120)
    assert made.size_bytes > whole.size_bytes // 2


def test_too_few_bytes_for_anything(picture: Picture) -> None:
    with pytest.raises(ImageError, match="does not fit into 10 bytes"):
        ImageEncoder(max_bytes=10).encode(picture(8, 8))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("encoder", [ImageEncoder(), ImageEncoder(max_side=20), ImageEncoder(format="webp")])
def test_what_passes_through_is_what_encoding_gives(
    kind: str, encoder: ImageEncoder, picture: Picture, saved: Save, tmp_path: Path
) -> None:
    data = saved(picture(40, 30), kind)
    path = tmp_path / "image"
    path.write_bytes(data)
    complies = encoder.max_side is None and kind in {"JPEG", "PNG", "WEBP"} and encoder.format in {"auto", kind.lower()}
    for source in (data, path, str(path)):
        assert encoder.passed_through(source) == (encoder.encode(source) if complies else None)


@pytest.mark.parametrize("source", [io.BytesIO(b"x"), "https://example.com/a.png", b"no image", "/no/such/file", b""])
def test_what_may_not_pass_through_is_left_to_encoding(source: Any) -> None:
    assert ImageEncoder().passed_through(source) is None


def test_a_subclass_that_encodes_otherwise_sees_every_image(picture: Picture, saved: Save) -> None:
    class Refusing(ImageEncoder):
        def encode(self, source: Any) -> Any:
            raise ImageError("not this one", path=str(source))

    assert Refusing().passed_through(saved(picture(40, 30), "PNG")) is None


def test_pass_through_can_be_switched_off(picture: Picture, saved: Save) -> None:
    data = saved(picture(200, 100), "JPEG", quality=98)
    made = ImageEncoder(pass_through=False, quality=50).encode(data)
    assert made.size_bytes < len(data)
    png = saved(picture(20, 10), "PNG")
    assert ImageEncoder(pass_through=False).encode(png).data is png


def test_the_callers_image_stays_as_it_was(picture: Picture) -> None:
    image = picture(40, 30)
    image.info["comment"] = b"mine"
    before = image.tobytes()
    made = ImageEncoder(max_side=10).encode(image)
    assert (image.size, image.tobytes(), image.info) == ((40, 30), before, {"comment": b"mine"})
    assert b"mine" not in made.data


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (b"", "0 bytes: is empty"),
        (b"<html>no</html>", "15 bytes: is no image of a known kind"),
        ("no/such.png", "no/such.png: is not there"),
        ("/", "/: is not a file"),
        ("data:image/png;base64,@@@@", "is not base64"),
        ("data:image/png", "is a data URL without data"),
        ("https://example.org/a.png", "nothing is fetched"),
        ({"path": None, "bytes": None}, "holds neither bytes nor a path"),
        (io.StringIO("text"), "is open as text"),
        (17, "is of type int"),
        ("bad\x00name", "cannot be read"),
    ],
)
def test_what_is_no_image_is_named(source: Any, message: str) -> None:
    with pytest.raises(ImageError) as caught:
        ImageEncoder().encode(source)
    assert message in str(caught.value)
    assert caught.value.path


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    import os

    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ImageError, match="is not a file"):
        ImageEncoder().encode(tmp_path / "pipe")


def test_limits_hold_before_decoding(picture: Picture, saved: Save, tmp_path: Path) -> None:
    data = saved(picture(40, 30), "PNG")
    (tmp_path / "image.png").write_bytes(data)
    few_pixels = ImageEncoder(accepted=InputLimits(max_pixels=1000))
    few_bytes = ImageEncoder(accepted=InputLimits(max_bytes=100))
    for source in (data, picture(40, 30), saved(picture(40, 30, "P"), "GIF")):
        with pytest.raises(ImageError, match="40 × 30 pixels, more than 1000"):
            few_pixels.encode(source)
    url = "data:;base64," + base64.b64encode(data).decode()
    large: list[Any] = [data, tmp_path / "image.png", io.BytesIO(data), url]
    for source in large:
        with pytest.raises(ImageError, match="larger than 100 bytes"):
            few_bytes.encode(source)


@pytest.mark.parametrize(
    "settings",
    [{"quality": 0}, {"quality": 101}, {"max_side": 0}, {"max_bytes": 0}, {"format": "gif"}],
)
def test_settings_out_of_range(settings: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        ImageEncoder(**settings)


def test_settings_describe_and_pickle() -> None:
    encoder = ImageEncoder(max_side=768, vision=TILES_LOW, codec="pillow")
    described = json.loads(json.dumps(encoder.describe()))
    assert described["max_side"] == 768
    assert described["vision"]["fit"] == 512
    assert described["codec"].startswith("pillow ")
    assert pickle.loads(pickle.dumps(encoder)) == encoder  # noqa: S301 - made here


@pytest.mark.parametrize("error", [OSError(errno.EMFILE, "many"), OSError(errno.EIO, "bad disk"), MemoryError()])
def test_trouble_of_the_machine_is_not_the_images(error: Exception) -> None:
    class Failing(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise error

    with pytest.raises(StateError, match="cannot be read"):
        ImageEncoder().encode(Failing())
