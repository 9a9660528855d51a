"""What it costs that the image of a chat file's row is read from its line at each use, and what a cache would save.

    python benchmarks/line_image.py [--rows 400] [--kilobytes 30] [--images 1]

A row is used twice in a whole run: for the hash of the split, and for the training row. Compared in one run, by the
best of three: images read from their lines, the same examples with the bytes in memory, and the parts of one use.
"""

from __future__ import annotations

import argparse
import io
import random
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from PIL import Image

from vqaft.data import VQAExample, load_file
from vqaft.filesystem import file_info, read_range
from vqaft.images import InputLimits, image_sha256, read_source
from vqaft.records import MessageBuilder, write_jsonl

REPEATS = 3


def picture(seed: int, kilobytes: int) -> bytes:
    """Return a JPEG of noise of about so many kilobytes."""
    side = int((kilobytes * 700) ** 0.5)
    noise = random.Random(seed).randbytes(side * side)
    buffer = io.BytesIO()
    Image.frombytes("L", (side, side), noise).convert("RGB").save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def best(work: Callable[[], object]) -> float:
    """Return the least CPU time of some runs, in seconds."""
    times = []
    for _ in range(REPEATS):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)


def hash_all(examples: Iterable[VQAExample]) -> None:
    """Hash every image, as a split does."""
    for example in examples:
        for image in example.images:
            image_sha256(image)


def build_all(examples: Iterable[VQAExample]) -> None:
    """Build every row, as a training file does."""
    builder = MessageBuilder()
    for example in examples:
        builder.record(example).to_json()


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--kilobytes", type=int, default=30)
    parser.add_argument("--images", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.jsonl"
        examples = [
            VQAExample(
                id=str(number),
                images=[picture(number * given.images + n, given.kilobytes) for n in range(given.images)],
                question="Which?",
                answers=("this",),
            )
            for number in range(given.rows)
        ]
        write_jsonl(path, map(MessageBuilder().record, examples), manifest=False)
        lines = list(load_file(path))
        held = [replace_images(example) for example in lines]
        size = path.stat().st_size / given.rows
        print(f"{given.rows} rows of {size / 1000:.0f} KB, {given.images} images each; CPU, best of {REPEATS}")
        per = 1e6 / given.rows
        load = best(lambda: list(load_file(path))) * per
        print(f"load                        {load:8.0f} µs a row")
        for name, work in (("hash", hash_all), ("build", build_all)):
            from_line, from_memory = best(lambda: work(lines)) * per, best(lambda: work(held)) * per  # noqa: B023
            print(f"{name:5} from lines          {from_line:8.0f} µs a row, from memory {from_memory:.0f} µs")
        print(
            f"read the line               {best(lambda: [read_range(path, 0, int(size)) for _ in lines]) * per:8.0f} µs"
        )
        print(f"look whether it changed     {best(lambda: [file_info(path) for _ in lines]) * per:8.0f} µs")
        print(f"memory that a cache holds   {size / 1000 * 3 / 4:8.0f} KB a row")


def replace_images(example: VQAExample) -> VQAExample:
    """Return an example with the bytes of its images in memory."""
    images = [read_source(image, InputLimits()) for image in example.images]
    return replace(example, images=tuple(image for image in images if isinstance(image, bytes)))


if __name__ == "__main__":
    main()
