"""Pictures that look alike have hashes that are near, whatever form they come in."""

from __future__ import annotations

import base64
import contextlib
import io
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance
from scipy.fft import dctn

from tests.data.pictures import picture
from vqaft.errors import ImageError, MissingExtraError
from vqaft.images import NEAR_DISTANCE, ImageSource, perceptual_hash
from vqaft.images.perceptual_hash import hash_thumbnails


def distance(one: ImageSource, other: ImageSource) -> int:
    first, second = perceptual_hash(one), perceptual_hash(other)
    assert first is not None
    assert second is not None
    return (first ^ second).bit_count()


def saved(image: Image.Image, kind: str = "PNG", **settings: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **settings)
    return file.getvalue()


@pytest.mark.parametrize(
    "form",
    [
        str,
        lambda path: path,
        lambda path: path.read_bytes(),
        lambda path: io.BytesIO(path.read_bytes()),
        lambda path: Image.open(io.BytesIO(path.read_bytes())),
        lambda path: np.asarray(Image.open(path)),
        lambda path: {"bytes": None, "path": str(path)},
        lambda path: {"bytes": path.read_bytes(), "path": None},
        lambda path: "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode(),
    ],
)
def test_every_form_of_an_image(tmp_path: Path, form: Callable[[Path], ImageSource]) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(picture(3))
    assert distance(form(path), picture(3)) == 0


def test_an_open_file_stays_where_it_was() -> None:
    file = io.BytesIO(b"skip" + picture(1))
    file.seek(4)
    perceptual_hash(file)
    assert file.tell() == 4


def test_an_image_of_the_caller_is_not_changed() -> None:
    image = Image.open(io.BytesIO(saved(Image.effect_noise((400, 400), 50), "JPEG")))
    perceptual_hash(image)
    assert (image.size, image.mode) == ((400, 400), "L")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_turn_is_applied(orientation: int) -> None:
    upright = Image.open(io.BytesIO(picture(5)))
    exif = Image.Exif()
    exif[0x0112] = orientation
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    lying = upright.transpose(undo[orientation]) if orientation in undo else upright
    assert distance(saved(lying, "PNG", exif=exif), picture(5)) == 0


@pytest.mark.parametrize("source", [saved(Image.new("RGB", (40, 40), "red")), "https://example.org/a.png"])
def test_nothing_to_compare(source: ImageSource) -> None:
    assert perceptual_hash(source) is None


@pytest.mark.parametrize(
    "source", [b"no image", "nowhere.png", "data:image/png;base64,!!", {"path": ""}, picture(1)[:99]]
)
def test_refuses_what_is_no_image(source: ImageSource) -> None:
    with pytest.raises(ImageError):
        perceptual_hash(source)


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "half": lambda image: image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS),
    "less contrast": lambda image: ImageEnhance.Contrast(image).enhance(0.8),
    "same": lambda image: image,
}


@pytest.mark.parametrize("change", CHANGES)
def test_real_images_saved_again_are_near(shared: Path, change: str) -> None:
    files = sorted((shared / "data" / "radiology" / "images").iterdir())[:60]
    again = (saved(CHANGES[change](Image.open(file).convert("RGB")), "JPEG", quality=60) for file in files)
    near = [distance(str(file), other) <= NEAR_DISTANCE for file, other in zip(files, again, strict=True)]
    assert sum(near) >= 0.98 * len(near)


def test_real_images_of_different_patients_are_not_near(shared: Path) -> None:
    files = sorted((shared / "data" / "radiology" / "images").iterdir())
    hashes = np.array([perceptual_hash(str(file)) for file in files], dtype=np.uint64)
    bits = np.bitwise_count(hashes[:, None] ^ hashes[None, :])
    np.fill_diagonal(bits, 64)
    assert bits.min() > NEAR_DISTANCE


@pytest.mark.parametrize("folder", ["radiology", "receipts"])
def test_within_4_bits_of_imagehash(shared: Path, folder: str) -> None:
    imagehash = pytest.importorskip("imagehash")
    files = sorted((shared / "data" / folder / "images").iterdir())[:60]
    for file in files:
        with Image.open(file) as image:
            theirs = int(str(imagehash.phash(image)), 16)
        ours = perceptual_hash(str(file))
        assert ours is not None
        assert (ours ^ theirs).bit_count() <= 4


def test_16_bit_greys_are_seen() -> None:
    with Image.open(io.BytesIO(picture(4))) as image:
        deep = np.asarray(image).astype(np.uint16) * 257
    assert distance(saved(Image.fromarray(deep), "PNG"), picture(4)) == 0


def test_what_reads_no_image_format_is_not_started() -> None:
    with pytest.raises(ImageError, match="no image of a known kind"):
        perceptual_hash(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")


def test_real_messy_files_give_a_hash_or_an_error(shared: Path) -> None:
    for path in sorted((shared / "data" / "messy").rglob("*")):
        if path.is_file():
            with contextlib.suppress(ImageError, MissingExtraError), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = perceptual_hash(path)
                assert found is None or 0 <= found < 2**64


def test_the_transform_is_scipys() -> None:
    pictures = np.random.default_rng(0).uniform(0, 255, (50, 32, 32)).astype(np.float32)
    low = dctn(pictures.astype(np.float64), axes=(1, 2))[:, :8, :8].reshape(50, 64)
    bits = low > np.median(low, axis=1, keepdims=True)
    expected = [int("".join("1" if bit else "0" for bit in row), 2) for row in bits]
    assert hash_thumbnails(pictures).tolist() == expected
