"""What is cut out of containers, and what only a decoder may judge."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vqaft.images import ImageEncoder
from vqaft.images.formats import Container, read_container
from vqaft.images.formats.container import orientation_of
from vqaft.images.formats.png import is_whole_png

Picture = Callable[..., Image.Image]
Save = Callable[..., bytes]
Decode = Callable[[bytes], Image.Image]


def read(data: bytes) -> Container:
    container = read_container(data)
    assert container is not None
    return container


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2) + content


@pytest.mark.parametrize("settings", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"subsampling": 0}])
def test_jpeg_of_every_kind_stands(settings: dict[str, int], picture: Picture, saved: Save) -> None:
    data = saved(picture(50, 40), "JPEG", **settings)
    container = read(data)
    assert container.data is data
    assert (container.compliant, container.width, container.height, container.orientation) == (True, 50, 40, 1)


def test_blocks_between_scans_and_filling_go(picture: Picture, saved: Save, decoded: Decode) -> None:
    data = saved(picture(50, 40), "JPEG", progressive=True)
    scan = data.rindex(b"\xff\xda")
    dirty = data[:scan] + segment(0xFE, b"hidden") + b"\xff\xff\xff" + data[scan:]
    container = read(dirty)
    assert b"hidden" not in container.data
    assert decoded(container.data).tobytes() == decoded(data).tobytes()
    assert read(container.data).data is container.data


def test_a_jfif_thumbnail_goes_and_its_head_stays(picture: Picture, saved: Save) -> None:
    data = saved(picture(50, 40), "JPEG")
    assert data[6:10] == b"JFIF"
    thumbnail = data[6:18] + b"\x02\x02" + b"THUMBNAIL123"
    dirty = data[:2] + segment(0xE0, thumbnail) + segment(0xE0, b"JFXX\x00\x13SECOND") + data[20:]
    assert read(dirty).data == data


def test_the_second_picture_of_a_camera_goes(picture: Picture, saved: Save, decoded: Decode) -> None:
    data = saved(picture(50, 40), "MPO", save_all=True, append_images=[picture(30, 20)])
    container = read(data)
    assert container.data.count(b"\xff\xd8\xff") == 1
    assert decoded(container.data).tobytes() == decoded(data).tobytes()


@pytest.mark.parametrize(("mode", "compliant"), [("RGB", True), ("L", False), ("CMYK", False)])
def test_jpeg_colours(mode: str, compliant: bool, picture: Picture, saved: Save) -> None:  # noqa: FBT001 - a table
    assert read(saved(picture(50, 40, mode), "JPEG")).compliant is compliant


def test_a_jpeg_without_its_end_is_not_understood(picture: Picture, saved: Save) -> None:
    data = saved(picture(50, 40), "JPEG")
    assert [read_container(data[:cut]) for cut in (-1, -2, -100, 300, 20, 3)] == [None] * 6


@pytest.mark.parametrize(
    ("mode", "compliant"), [("RGB", True), ("RGBA", True), ("L", False), ("P", False), ("1", False), ("I;16", False)]
)
def test_png_colours(mode: str, compliant: bool, picture: Picture, saved: Save) -> None:  # noqa: FBT001 - a table
    image = Image.fromarray(np.zeros((5, 5), np.uint16)) if mode == "I;16" else picture(50, 40, mode)
    assert read(saved(image, "PNG")).compliant is compliant


def test_a_transparent_colour_in_rgb_needs_a_decoder(saved: Save, decoded: Decode) -> None:
    data = saved(Image.new("RGB", (4, 4), (1, 2, 3)), "PNG", transparency=(1, 2, 3))
    assert not read(data).compliant
    assert decoded(ImageEncoder().encode(data).data).getpixel((0, 0)) == (1, 2, 3, 0)


@pytest.mark.parametrize("width", [1, 2, 3, 5, 8, 9, 50])
@pytest.mark.parametrize("height", [1, 2, 4, 5, 7, 40])
def test_interlaced_png_is_whole(width: int, height: int) -> None:
    lines = 0
    for left, top, across, down in [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]:
        columns, rows = len(range(left, width, across)), len(range(top, height, down))
        lines += rows * (1 + 3 * columns) if columns else 0

    def chunk(name: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4)

    header = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 1)
    for extra, whole in ((0, True), (-1, False), (1, False)):
        pixels = zlib.compress(bytes(lines + extra))
        data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
        assert is_whole_png(read(data)) is whole
        if whole:
            Image.open(io.BytesIO(data)).load()


def test_a_wrong_checksum_is_not_understood(picture: Picture, saved: Save) -> None:
    data = bytearray(saved(picture(50, 40), "PNG"))
    data[data.index(b"IDAT") + 10] ^= 1
    assert read_container(bytes(data)) is None


def test_orientation_in_xmp_or_odd_exif_needs_a_full_parser() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert orientation_of(exif.tobytes(), b"") == 6
    assert orientation_of(b"", b"") == 1
    assert orientation_of(b"", b'<x tiff:Orientation="6"/>') is None
    assert orientation_of(b"Exif\x00\x00rubbish", b"") is None
    assert orientation_of(b"II*\x00\xff\xff\xff\xff", b"") is None
    exif[0x0112] = 9
    assert orientation_of(exif.tobytes(), b"") == 1


@pytest.mark.parametrize("folder", ["receipts", "radiology"])
def test_real_files_keep_every_pixel(folder: str, shared: Path, decoded: Decode) -> None:
    for path in sorted((shared / "data" / folder / "images").iterdir())[:40]:
        made = ImageEncoder().encode(path)
        before, after = Image.open(path), decoded(made.data)
        assert before.tobytes() == after.tobytes()
        assert not {"exif", "comment", "xmp", "icc_profile"} & after.info.keys()
