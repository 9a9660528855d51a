"""About 700 files that image readers meet, and bombs: an image or an error, in bounded time and memory."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from vqaft.errors import ImageError
from vqaft.images import ImageEncoder, sniff

MAX_MB = 300

# Runs in a process of its own, for its peak of memory and because a crash would end it.
CHILD = """
import io, json, re, sys, time, warnings
from pathlib import Path
from PIL import Image
from vqaft.errors import ImageError
from vqaft.images import ImageEncoder

warnings.simplefilter("ignore")
slowest, good, refused, wrong = 0.0, [], [], []
for path in sorted(Path(sys.argv[1]).rglob("*.*")):
    start = time.monotonic()
    try:
        made = ImageEncoder().encode(path)
    except ImageError as error:
        if error.path != str(path):
            wrong.append([str(path), "the error does not name the file"])
        refused.append(str(path))
        continue
    finally:
        slowest = max(slowest, time.monotonic() - start)
    good.append(str(path))
    shown = Image.open(io.BytesIO(made.data), formats=("JPEG", "PNG", "WEBP"))
    shown.load()
    facts = [shown.mode in {"RGB", "RGBA"}, shown.size == (made.width, made.height), not shown.getexif()]
    facts += [getattr(shown, "n_frames", 1) == 1, "icc_profile" not in shown.info]
    facts += [made.mime == f"image/{shown.format.lower()}", ImageEncoder().encode(made.data).data == made.data]
    if not all(facts):
        wrong.append([str(path), facts])
status = Path("/proc/self/status")  # getrusage also counts what the process was before it became this program
peak = int(re.search(r"VmHWM:[ \t]+([0-9]+)", status.read_text())[1]) / 1024 if status.exists() else 0
print(json.dumps({"good": good, "refused": refused, "wrong": wrong, "slowest": slowest, "peak_mb": peak}))
"""


def test_every_messy_file_gives_a_compliant_image_or_an_error(shared: Path) -> None:
    folder = shared / "data" / "messy"
    command = [sys.executable, "-c", CHILD, str(folder)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)  # noqa: S603
    seen = json.loads(result.stdout)
    assert seen["wrong"] == []
    assert seen["peak_mb"] < MAX_MB
    assert seen["slowest"] < 20
    index = json.loads((folder / "INDEX.json").read_text(encoding="utf-8"))
    wanted = {"JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"}
    readable = {str(folder / row["path"]) for row in index if row["ok"] and row["format"] in wanted}
    # Whatever pillow opens by its true kind is encoded; a wrong decoder is never tried.
    lost = {path for path in readable - set(seen["good"]) if sniff(Path(path).read_bytes()[:64])}
    assert lost == set()
    assert len(seen["good"]) >= 500


def chunk(name: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4) + name + content + zlib.crc32(name + content).to_bytes(4)


def png(width: int, height: int, pixels: bytes) -> bytes:
    header = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize("size", [(9000, 9000), (13_000, 13_000), (60_000, 60_000), (1, 60_000_000), (2**31 - 1, 1)])
def test_bombs_are_refused_by_their_header(size: tuple[int, int]) -> None:
    width, height = size
    data = png(width, height, bytes(1000))
    with pytest.raises(ImageError, match=f"has {width} × {height} pixels"):
        ImageEncoder().encode(data)


def test_a_png_whose_pixels_stop_in_the_middle_is_no_image() -> None:
    data = png(8, 500, b"".join(bytes([0, *([line % 251] * 24)]) for line in range(500)))
    assert ImageEncoder().encode(data).data is data
    start = data.index(b"IDAT")
    content = data[start + 4 : -16][:200]
    cut = len(content).to_bytes(4) + b"IDAT" + content + zlib.crc32(b"IDAT" + content).to_bytes(4)
    with pytest.raises(ImageError):
        ImageEncoder().encode(data[: start - 4] + cut + data[-12:])


def test_packed_text_bombs_are_refused_or_cut_out(
    saved: Callable[..., bytes], picture: Callable[..., Image.Image]
) -> None:
    data = saved(picture(8, 8), "PNG")
    packed = b"Comment\x00\x00" + zlib.compress(bytes(50_000_000))
    assert ImageEncoder().encode(data[:33] + chunk(b"zTXt", packed) + data[33:]).data == data


@pytest.mark.parametrize("kind", ["TGA", "ICO", "EPS", "PCX", "SGI", "DDS", "ICNS"])
def test_other_decoders_are_never_tried(kind: str, picture: Callable[..., Image.Image], tmp_path: Path) -> None:
    buffer = io.BytesIO()
    picture(64, 64).save(buffer, kind)
    path = tmp_path / "renamed.png"
    path.write_bytes(buffer.getvalue())
    with pytest.raises(ImageError, match="no image of a known kind"):
        ImageEncoder().encode(path)
