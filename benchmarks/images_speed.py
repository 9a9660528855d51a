"""Images into data URLs: the ways of the encoder against the cookbook's, in one run.

Run it with `python benchmarks/images_speed.py`. It takes the developers' shared receipts where they are present, and
generated photographs otherwise. Every image is shown by five questions, as in the cookbook's training file: the
cookbook encodes it for each of them, the encoder once. Rounds are interleaved and medians printed. Beside the time on
the clock stands the processor time: it hardly minds a busy machine, but does not show what a second thread gains.
"""

from __future__ import annotations

import base64
import io
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
from PIL import Image

from vqaft.images import ImageEncoder
from vqaft.parallel import ordered_map

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
QUESTIONS = 5
ROUNDS = 3
Way = Callable[[], int]


def photographs(count: int = 24) -> list[bytes]:
    """Make JPEG files with the statistics of photographs: noise, stronger at low frequencies."""
    chance = np.random.default_rng(0)
    files = []
    for _ in range(count):
        picture = sum(
            np.asarray(Image.fromarray(chance.normal(0, 1, (side, side)).astype(np.float32)).resize((1200, 900)))
            * (300 / side)
            for side in (4, 8, 16, 32, 64, 128, 256)
        )
        grey = np.clip(128 + np.asarray(picture), 0, 255)
        pixels = np.stack([grey, np.roll(grey, 40, 0), np.roll(grey, 40, 1)], axis=-1).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=92)
        files.append(buffer.getvalue())
    return files


def cookbook(files: list[bytes], quality: int) -> int:
    """Open, convert, encode, base64, dict and JSON, again for every question, as the cookbook does."""
    taken = 0
    for data in files:
        for question in range(QUESTIONS):
            buffer = io.BytesIO()
            Image.open(io.BytesIO(data)).convert("RGB").save(buffer, format="JPEG", quality=quality)
            url = "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("utf-8")
            taken += len(orjson.dumps({"question": question, "image_url": {"url": url}}))
    return taken


def encoded(files: list[bytes], encoder: ImageEncoder, max_workers: int = 1) -> int:
    """Encode each image once, and join its base64 into a line for every question."""
    taken = 0
    for url in ordered_map(lambda data: encoder.encode(data).data_url_bytes, files, max_workers=max_workers):
        for question in range(QUESTIONS):
            taken += len(b"".join((b'{"question":', b"%d" % question, b',"image_url":{"url":"', url, b'"}}')))
    return taken


def bare_turbo(files: list[bytes]) -> int:
    """Decode and encode by libjpeg-turbo and do nothing else: the limit for re-encoding on one thread."""
    import simplejpeg

    return sum(len(simplejpeg.encode_jpeg(simplejpeg.decode_jpeg(data, "RGB"), 85, "RGB", "420")) for data in files)


def ways(files: list[bytes]) -> dict[str, Way]:
    """Name every way that is measured; the first is what the others are compared with."""
    cores = os.cpu_count() or 1
    found: dict[str, Way] = {f"cookbook, quality {quality}": _cookbook(files, quality) for quality in (100, 85, 50)}
    settings: dict[str, ImageEncoder] = {
        "pass-through": ImageEncoder(),
        "quality 85, pillow": ImageEncoder(pass_through=False, codec="pillow"),
        "shrunk to 768, pillow": ImageEncoder(max_side=768, codec="pillow"),
    }
    if not ImageEncoder().describe()["codec"].startswith("pillow"):
        found["libjpeg-turbo alone"] = lambda: bare_turbo(files)
        settings["quality 85, fast"] = ImageEncoder(pass_through=False, codec="fast")
        settings["shrunk to 768, fast"] = ImageEncoder(max_side=768, codec="fast")
    for name, encoder in settings.items():
        for max_workers in sorted({1, cores}):
            found[f"{name}, {max_workers} threads"] = _encoded(files, encoder, max_workers)
    return found


def _cookbook(files: list[bytes], quality: int) -> Way:
    return lambda: cookbook(files, quality)


def _encoded(files: list[bytes], encoder: ImageEncoder, max_workers: int) -> Way:
    return lambda: encoded(files, encoder, max_workers)


def measure(name: str, files: list[bytes]) -> None:
    """Print the times of every way, and how many times faster than the cookbook it is."""
    measured = ways(files)
    clock: dict[str, list[float]] = {way: [] for way in measured}
    processor: dict[str, list[float]] = {way: [] for way in measured}
    taken: dict[str, int] = {}
    for _ in range(ROUNDS):
        for way, call in measured.items():
            start = time.perf_counter(), time.process_time()
            taken[way] = call()
            clock[way].append(time.perf_counter() - start[0])
            processor[way].append(time.process_time() - start[1])
    print(f"\n{name}: {len(files)} images, {sum(map(len, files)) / 1e6:.1f} MB, {QUESTIONS} questions each")
    print(f"  {'way':34}  {'clock':>18}  {'processor':>18}      lines")
    for way in measured:
        columns = [_column(each, way) for each in (clock, processor)]
        print(f"  {way:34}  {'  '.join(columns)}  {taken[way] / 1e6:6.1f} MB")


def _column(seconds: dict[str, list[float]], way: str) -> str:
    median = statistics.median(seconds[way])
    ratio = statistics.median(seconds["cookbook, quality 100"]) / median
    return f"{median * 1000:7.0f} ms {ratio:6.1f} ×"


if __name__ == "__main__":
    for folder in ("receipts", "radiology"):
        if (SHARED / folder).is_dir():
            paths = sorted((SHARED / folder / "images").iterdir())[:40]
            measure(folder, [path.read_bytes() for path in paths])
    measure("generated photographs", photographs())
