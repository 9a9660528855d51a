"""Headers say what pillow says, and no bytes make them fail."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from vqaft.images import read_header
from vqaft.images.formats import read_container

EXIF = Image.Exif()
EXIF[0x0112] = 3
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("JPEG", "RGB", {}),
    ("JPEG", "L", {"progressive": True}),
    ("JPEG", "CMYK", {}),
    ("PNG", "RGB", {}),
    ("PNG", "RGBA", {}),
    ("PNG", "P", {}),
    ("PNG", "L", {}),
    ("PNG", "LA", {}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGBA", {}),
    ("WEBP", "RGB", {"lossless": True}),
    ("WEBP", "RGBA", {"lossless": True}),
    ("GIF", "P", {}),
]


def saved(kind: str, mode: str, **settings: Any) -> bytes:
    stream = io.BytesIO()
    image = Image.linear_gradient("L").resize((70, 31)).convert(mode)
    if "A" in mode:
        image.putalpha(Image.linear_gradient("L").resize((70, 31)))
    image.save(stream, kind, **settings)
    return stream.getvalue()


@pytest.mark.parametrize(("kind", "mode", "settings"), CASES)
def test_a_header_says_what_pillow_says(kind: str, mode: str, settings: dict[str, Any]) -> None:
    header = read_header(saved(kind, mode, **settings))
    assert header is not None
    assert (header.format, header.width, header.height) == (kind.lower(), 70, 31)
    assert header.mode == mode
    assert header.whole
    assert not (header.metadata)
    assert not (header.turned)
    assert not (header.animated)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_metadata_is_seen(kind: str) -> None:
    header = read_header(saved(kind, "RGB", exif=EXIF))
    assert header is not None
    assert "exif" in header.metadata
    assert header.turned


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_metadata_without_a_turn_turns_nothing(kind: str) -> None:
    upright = Image.Exif()
    upright[0x0112] = 1
    upright[0x010E] = "a description"
    header = read_header(saved(kind, "RGB", exif=upright))
    assert header is not None
    assert "exif" in header.metadata
    assert not header.turned


@pytest.mark.parametrize(
    ("brands", "expected"),
    [
        (b"heic", "heic"),
        (b"hevx", "heic"),
        (b"msf1", "heic"),
        (b"avif", "avif"),
        (b"mif1avif", "avif"),
        (b"isom", None),
    ],
)
def test_brands_say_which_box_it_is(brands: bytes, expected: str | None) -> None:
    box = (16 + len(brands)).to_bytes(4) + b"ftyp" + brands[:4] + bytes(4) + brands[4:]
    header = read_header(box + bytes(40))
    assert (None if header is None else header.format) == expected


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_file_that_is_cut_off_is_not_whole(kind: str) -> None:
    data = saved(kind, "RGB" if kind != "GIF" else "P")
    header = read_header(data[: len(data) * 3 // 4])
    assert header is not None
    assert not header.whole


@settings(max_examples=300, deadline=None)
@given(
    start=st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x10\0\0\0WEBPVP8X", b"GIF89a", b"BM", b""]),
    rest=st.binary(max_size=80),
)
def test_no_bytes_make_it_fail(start: bytes, rest: bytes) -> None:
    read_header(start + rest)


@settings(max_examples=200, deadline=None)
@example(case=("JPEG", "L", {"progressive": True}), places=[(0.05078125, 0xDA)])  # a scan in front of the frame
@given(case=st.sampled_from(CASES), places=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=3))
def test_header_and_structure_agree_about_every_file_whose_structure_is_read(
    case: tuple[str, str, dict[str, Any]], places: list[tuple[float, int]]
) -> None:
    kind, mode, options = case
    data = bytearray(saved(kind, mode, exif=EXIF, **options) if kind != "GIF" else saved(kind, mode))
    for place, value in places:
        data[int(place * (len(data) - 1))] = value
    header, container = read_header(bytes(data)), read_container(bytes(data))
    assert (header is None) <= (container is None)
    if header is not None and container is not None:
        assert (header.format, header.width, header.height) == (container.format, container.width, container.height)
        assert not container.compliant or header.mode in {"RGB", "RGBA"}
        assert header.turned <= (container.orientation != 1)


def test_real_broken_files_do_no_harm(shared: Path) -> None:
    files = [path for path in sorted((shared / "data" / "messy").rglob("*")) if path.is_file()]
    formats = {header.format for header in (read_header(path.read_bytes()) for path in files) if header}
    assert {"jpeg", "png", "gif", "avif", "heic"} <= formats
