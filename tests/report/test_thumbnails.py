"""Pictures in a size budget."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vqaft.data import VQAExample
from vqaft.report import PageBudget
from vqaft.report.thumbnails import Thumbnail, make_gallery

Png = Callable[..., bytes]


def example(name: str, image: object) -> VQAExample:
    return VQAExample(id=name, image=image, question="What?")  # type: ignore[arg-type]


def decoded(picture: Thumbnail) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(picture.data_url.partition(",")[2])))


def noise(seed: int, side: int = 700) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_same_image_is_kept_once(png: Png, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png((1, 2, 3)))
    gallery = make_gallery([example("1", png((1, 2, 3))), example("2", path), example("3", png((9, 9, 9)))])
    assert len(gallery.pictures) == 2
    assert gallery.place == {"1": (0,), "2": (0,), "3": (1,)}


@pytest.mark.parametrize("total_bytes", [400_000, 60_000])
def test_pictures_shrink_until_they_fit(total_bytes: int) -> None:
    gallery = make_gallery(
        [example(str(seed), noise(seed)) for seed in range(4)], budget=PageBudget(total_bytes=total_bytes)
    )
    assert 0.1 * total_bytes < gallery.size_bytes <= total_bytes
    assert all(max(picture.width, picture.height) < 640 for picture in gallery.pictures)


def test_none_is_enlarged_and_sizes_are_true(png: Png) -> None:
    (picture,) = make_gallery([example("1", png((1, 2, 3), (64, 30)))]).pictures
    assert (picture.width, picture.height) == decoded(picture).size == (64, 30)


def test_only_pixels_reach_the_page() -> None:
    source = Image.new("RGB", (50, 50), (200, 10, 10))
    exif = Image.Exif()
    exif[0x010E] = "secret name"
    buffer = io.BytesIO()
    source.save(buffer, "JPEG", exif=exif, comment=b"secret comment", icc_profile=b"secret profile")
    (picture,) = make_gallery([example("1", buffer.getvalue() + b"secret tail")]).pictures
    data = base64.b64decode(picture.data_url.partition(",")[2])
    assert b"secret" in buffer.getvalue()
    assert b"secret" not in data
    assert decoded(picture).info.keys() <= {"loop", "background", "timestamp", "duration"}


def test_transparency_stays() -> None:
    image = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    (picture,) = make_gallery([example("1", image)]).pictures
    assert decoded(picture).mode == "RGBA"


def test_a_picture_that_cannot_be_had_is_a_problem_not_an_error(tmp_path: Path, png: Png) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    gallery = make_gallery(
        [
            example("web", "https://127.0.0.1:9/a.png"),
            example("gone", tmp_path / "gone.png"),
            example("broken", broken),
            example("vector", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
            example("good", png((1, 2, 3))),
        ]
    )
    assert gallery.place == {"good": (0,)}
    assert gallery.problems.keys() == {"web", "gone", "broken", "vector"}
    assert "fetches nothing" in gallery.problems["web"]
