"""Transformed copies of real images: the share that is found, and how many different pictures are taken for copies.

Run it with `python benchmarks/transformed_copies.py`; it needs the developers' shared data. Covers are drawn from the
titles and authors of a public listing of books. With `--imagededup PYTHON`, the interpreter of an environment that has
imagededup, its PHash at its default of 10 bits is printed beside.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import subprocess
import tempfile
import textwrap
from collections.abc import Callable, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from vqaft.images import NEAR_DISTANCE, perceptual_hash, sketch_of, thumbnail, transformed_pairs

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def cut(left: float, top: float, right: float, bottom: float) -> Callable[[Image.Image], Image.Image]:
    """Return a crop by shares of the sides."""

    def crop(image: Image.Image) -> Image.Image:
        width, height = image.size
        return image.crop(
            (round(width * left), round(height * top), round(width * (1 - right)), round(height * (1 - bottom)))
        )

    return crop


def bordered(share: float, color: str) -> Callable[[Image.Image], Image.Image]:
    """Return what adds a border of a share of the shorter side."""
    return lambda image: ImageOps.expand(image, round(share * min(image.size)), color)


def screenshot(image: Image.Image) -> Image.Image:
    """Show an image in a window with bars and a background."""
    canvas = Image.new("RGB", (1280, 800), (240, 240, 240))
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((0, 0, 1280, 60), fill=(60, 60, 70))
    draw.text((20, 10), "File  Edit  View   12:45", fill="white", font=ImageFont.load_default(30))
    draw.rectangle((0, 750, 1280, 800), fill=(200, 200, 205))
    shown = ImageOps.contain(image, (1150, 660))
    canvas.paste(shown, ((1280 - shown.width) // 2, 75))
    return canvas


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "half the size": lambda image: image.resize((image.width // 2, image.height // 2)),
    "2.5 % cut off each side": cut(0.025, 0.025, 0.025, 0.025),
    "5 % cut off each side": cut(0.05, 0.05, 0.05, 0.05),
    "5 % cut off the top": cut(0, 0.05, 0, 0),
    "5 % cut off two sides": cut(0.05, 0, 0, 0.05),
    "mirrored": ImageOps.mirror,
    "upside down": ImageOps.flip,
    "quarter turn": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "half turn": lambda image: image.transpose(Image.Transpose.ROTATE_180),
    "white border of 10 %": bordered(0.1, "white"),
    "black border of 5 %": bordered(0.05, "black"),
    "screenshot": screenshot,
}


def covers(count: int) -> list[Image.Image]:
    """Draw book covers from titles and authors."""
    found, draw_at = [], random.Random(3)
    with (SHARED / "books" / "listing.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in draw_at.sample(rows, count):
        colors = [tuple(draw_at.randrange(256) for _ in range(3)) for _ in range(3)]
        image = Image.new("RGB", (330, 480), colors[0])
        draw = ImageDraw.Draw(image)
        top = draw_at.randrange(40, 250)
        draw.rectangle((0, top, 330, top + draw_at.randrange(60, 180)), fill=colors[1])
        left, high = draw_at.randrange(200), draw_at.randrange(300)
        draw.ellipse((left, high, left + draw_at.randrange(60, 200), high + draw_at.randrange(60, 200)), fill=colors[2])
        text = "\n".join(textwrap.wrap(row["title"], 16))
        draw.text((20, 30), text, fill="white", font=ImageFont.load_default(draw_at.randrange(22, 36)))
        draw.text((20, 440), row["author"][:24], fill="black", font=ImageFont.load_default(20))
        found.append(image)
    return found


def pictures(name: str, count: int) -> list[Image.Image]:
    """Return different pictures."""
    if name == "covers":
        return covers(count)
    files = sorted((SHARED / name / "images").iterdir())[:count]
    return [Image.open(file).convert("RGB") for file in files]


def saved(image: Image.Image) -> bytes:
    """Save an image as JPEG."""
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def same_by_vqaft(files: Sequence[bytes]) -> set[tuple[int, int]]:
    """Pair what vqaft takes for copies: by the perceptual hash, or as transformed copies."""
    small = [thumbnail(file) for file in files]
    sketches = [sketch_of(picture) for picture in small if picture is not None]
    left, right = transformed_pairs(np.frombuffer(b"".join(sketches), dtype=np.uint8).reshape(len(files), -1))
    hashes = np.array([perceptual_hash(file) for file in files], dtype=np.uint64)
    near = np.argwhere(np.bitwise_count(hashes[:, None] ^ hashes[None, :]) <= NEAR_DISTANCE)
    return {*zip(left.tolist(), right.tolist(), strict=True), *((int(a), int(b)) for a, b in near if a < b)}


def same_by_imagededup(files: Sequence[bytes], python: str) -> set[tuple[int, int]]:
    """Pair what imagededup's PHash takes for copies."""
    script = (
        "import sys, json; from imagededup.methods import PHash;"
        "print(json.dumps(PHash(verbose=False).find_duplicates(image_dir=sys.argv[1])))"
    )
    with tempfile.TemporaryDirectory() as folder:
        for number, file in enumerate(files):
            Path(folder, f"{number}.jpg").write_bytes(file)
        output = subprocess.run([python, "-c", script, folder], check=True, capture_output=True, text=True).stdout  # noqa: S603
    found = json.loads(output.splitlines()[-1])
    pairs = [(int(Path(one).stem), int(Path(other).stem)) for one, others in found.items() for other in others]
    return {(min(pair), max(pair)) for pair in pairs}


def study(name: str, count: int, method: Callable[[Sequence[bytes]], set[tuple[int, int]]]) -> None:
    """Print the share of copies found for each change, and the different pictures taken for copies."""
    images = pictures(name, count)
    files = [saved(image) for image in images]
    for change, change_image in CHANGES.items():
        found = method([*files, *(saved(change_image(image)) for image in images)])
        print(f"  {change:28} {np.mean([(n, n + count) in found for n in range(count)]):6.2f}", flush=True)
    wrong = method(files)
    pairs = len(list(combinations(range(count), 2)))
    print(f"  {'different pictures':28} {len(wrong)} of {pairs} pairs ({100 * len(wrong) / pairs:.2f} %)", flush=True)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--imagededup", help="Python of an environment with imagededup")
    options = parser.parse_args()
    for name in ("receipts", "radiology", "covers"):
        print(f"{name}, {options.count} images: vqaft")
        study(name, options.count, same_by_vqaft)
        if options.imagededup:
            print(f"{name}: imagededup")
            study(name, options.count, lambda files: same_by_imagededup(files, options.imagededup))


if __name__ == "__main__":
    main()
