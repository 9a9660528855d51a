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
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from vqaft.images import NEAR_DISTANCE, SKETCH_BYTES, perceptual_hash, picture_sketch, transformed_pairs

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
ALL = {"receipts": 120, "radiology": 314, "covers": 120}
"""Images of each kind whose pairs are counted as false groupings."""
Pairs = set[tuple[int, int]]


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


def put(canvas: Image.Image, image: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    """Show an image as large as a box allows, in its middle."""
    left, top, right, bottom = box
    shown = ImageOps.contain(image, (right - left, bottom - top))
    canvas.paste(shown, ((left + right - shown.width) // 2, (top + bottom - shown.height) // 2))
    return canvas


def in_window(image: Image.Image) -> Image.Image:
    """Show an image in a window with bars and a light background."""
    canvas = Image.new("RGB", (1280, 800), (240, 240, 240))
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((0, 0, 1280, 60), fill=(60, 60, 70))
    draw.text((20, 10), "File  Edit  View   12:45", fill="white", font=ImageFont.load_default(30))
    draw.rectangle((0, 750, 1280, 800), fill=(200, 200, 205))
    return put(canvas, image, (65, 75, 1215, 735))


def on_desktop(image: Image.Image) -> Image.Image:
    """Show an image in a window on a desktop with icons, whose color changes from side to side."""
    down, across = np.mgrid[0:1080, 0:1920]
    colors = np.stack([60 + 80 * across / 1920, 90 + 60 * down / 1080, 140 + 50 * (across + down) / 3000], axis=-1)
    canvas = Image.fromarray(colors.astype(np.uint8))
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((0, 1032, 1920, 1080), fill=(30, 32, 40))
    for number in range(8):
        draw.rectangle((20 + 60 * number, 1038, 56 + 60 * number, 1072), fill=(200, 25 * number, 90))
        draw.rectangle((30, 40 + 110 * number, 80, 90 + 110 * number), fill=(230, 200, 25 * number))
    draw.rectangle((500, 60, 1640, 960), fill=(245, 246, 247))
    draw.rectangle((500, 60, 1640, 94), fill=(210, 212, 216))
    draw.text((514, 68), "Preview", fill="black", font=ImageFont.load_default(16))
    return put(canvas, image, (530, 120, 1610, 930))


def in_page(ground: str, ink: str) -> Callable[[Image.Image], Image.Image]:
    """Return what shows an image in a page in a browser, with text on both sides and below."""
    blank = Image.new("RGB", (1440, 900), ground)
    draw = ImageDraw.Draw(blank)
    draw.rectangle((0, 0, 1440, 44), fill=(222, 225, 230))
    draw.rectangle((20, 8, 240, 44), fill="white")
    draw.text((40, 16), "A page", fill="black", font=ImageFont.load_default(16))
    draw.rectangle((0, 44, 1440, 88), fill="white")
    draw.rounded_rectangle((120, 50, 1280, 82), 16, fill=(238, 240, 243))
    draw.text((140, 56), "https://example.org/item/12", fill="black", font=ImageFont.load_default(16))
    said = random.Random(5)
    words = ("the picture shows what was found on the day", "before it came to us by post", "with its list of parts")
    for left, top, columns, lines in ((30, 110, 38, 36), (1040, 110, 40, 36), (400, 800, 75, 4)):
        text = "\n".join(textwrap.wrap(" ".join(said.choices(words, k=300)), columns)[:lines])
        draw.text((left, top), text, fill=ink, font=ImageFont.load_default(16))
    return lambda image: put(blank.copy(), image, (400, 110, 1010, 780))


def written(seed: int, columns: int, lines: int) -> str:
    """Return running text, other than that of `in_page`."""
    words = ("a receipt of this kind was common in", "small shops until the end of that", "year and few were ever kept")
    chosen = random.Random(seed).choices(words, k=columns * lines // 16)
    return "\n".join(textwrap.wrap(" ".join(chosen), columns)[:lines])


def in_columns(image: Image.Image) -> Image.Image:
    """Show an image with a caption in the right of two columns of a white article without bars."""
    canvas = Image.new("RGB", (1366, 1024), "white")
    draw = ImageDraw.Draw(canvas)
    draw.text((60, 40), "Small shops and their papers", fill="black", font=ImageFont.load_default(38))
    for place, text in (
        ((60, 130), written(1, 52, 33)),
        ((720, 720), "Figure 2. " + written(2, 50, 2)),
        ((720, 830), written(3, 52, 7)),
    ):
        draw.multiline_text(place, text, fill=(30, 30, 30), font=ImageFont.load_default(21), spacing=6)
    return put(canvas, image, (720, 130, 1310, 700))


def in_letter(image: Image.Image) -> Image.Image:
    """Show an image at the left below a few lines, in a white letter beside a gray list."""
    canvas = Image.new("RGB", (1280, 900), "white")
    draw = ImageDraw.Draw(canvas)
    draw.rectangle((0, 0, 260, 900), fill=(236, 238, 242))
    small = ImageFont.load_default_imagefont()
    for number in range(14):
        draw.text((16, 20 + 62 * number), written(10 + number, 34, 2), fill=(70, 70, 70), font=small)
    draw.text((300, 24), "Your order of last week", fill="black", font=ImageFont.load_default(26))
    draw.multiline_text((300, 80), written(4, 150, 6), fill="black", font=small, spacing=8)
    shown = ImageOps.contain(image, (620, 620))
    canvas.paste(shown, (300, 210))
    draw.multiline_text((300, 850), written(5, 150, 2), fill="black", font=small, spacing=8)
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
    "screenshot: in a window": in_window,
    "screenshot: on a desktop": on_desktop,
    "screenshot: in a dark page with text": in_page("#18191e", "white"),
    "screenshot: in a white page with text": in_page("white", "black"),
    "screenshot: in a column of a white article": in_columns,
    "screenshot: in a white letter": in_letter,
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


class Vqaft:
    """Look-alikes by the perceptual hash, and transformed copies."""

    name = "vqaft"

    def __init__(self, files: Sequence[bytes]) -> None:
        started = time.process_time()
        self.hashes = np.array([perceptual_hash(file) or 0 for file in files], dtype=np.uint64)
        self.hash_ms = 1000 * (time.process_time() - started) / len(files)
        started = time.process_time()
        self.sketches = np.stack([np.frombuffer(picture_sketch(file) or b"", dtype=np.uint8) for file in files])
        self.sketch_ms = 1000 * (time.process_time() - started) / len(files)

    def pairs(self, chosen: Sequence[int]) -> Pairs:
        """Pair those of the chosen files that count as copies."""
        left, right = transformed_pairs(self.sketches[list(chosen)])
        return {*zip(left.tolist(), right.tolist(), strict=True), *near(self.hashes[list(chosen)], NEAR_DISTANCE)}


class ImageDedup:
    """Its PHash, at its default of 10 bits."""

    name = "imagededup"

    def __init__(self, files: Sequence[bytes], python: str) -> None:
        script = (
            "import sys, json; from imagededup.methods import PHash;"
            "print(json.dumps(PHash(verbose=False).encode_images(image_dir=sys.argv[1], num_enc_workers=0)))"
        )
        with tempfile.TemporaryDirectory() as folder:
            for number, file in enumerate(files):
                Path(folder, f"{number}.jpg").write_bytes(file)
            output = subprocess.run([python, "-c", script, folder], check=True, capture_output=True, text=True).stdout  # noqa: S603
        found = json.loads(output.splitlines()[-1])
        self.hashes = np.array([int(found[f"{number}.jpg"], 16) for number in range(len(files))], dtype=np.uint64)

    def pairs(self, chosen: Sequence[int]) -> Pairs:
        """Pair those of the chosen files that count as copies."""
        return near(self.hashes[list(chosen)], 10)


def near(hashes: NDArray[np.uint64], bits: int) -> Pairs:
    """Pair hashes of which at most so many bits differ."""
    return {(int(a), int(b)) for a, b in np.argwhere(np.bitwise_count(hashes[:, None] ^ hashes) <= bits) if a < b}


def wrong_pairs(method: Vqaft | ImageDedup, chosen: Sequence[int], name: str) -> str:
    """Count the pairs of different pictures that are taken for copies."""
    wrong, pairs = sorted(method.pairs(chosen)), len(chosen) * (len(chosen) - 1) // 2
    print(f"{name}, {method.name}: {[(chosen[a], chosen[b]) for a, b in wrong]}", file=sys.stderr, flush=True)
    return f"{len(wrong)} of {pairs:,} ({100 * len(wrong) / pairs:.2f} %)"


def study(name: str, count: int, python: str | None) -> tuple[list[list[str]], str]:
    """Return a column for each method: the share of copies found for each change, then the false groupings."""
    images = pictures(name, ALL[name])
    chosen = images[:: max(1, len(images) // count)][:count]
    files = [saved(image) for image in (*images, *chosen)]
    files += [saved(change(image)) for change in CHANGES.values() for image in chosen]
    ours = Vqaft(files)
    methods: list[Vqaft | ImageDedup] = [ours, *([ImageDedup(files, python)] if python else [])]
    first = len(images)
    changed = [first + number + count * (1 + number % len(CHANGES)) for number in range(count)]
    columns = []
    for method in methods:
        column = [f"{name}, {method.name}"]
        for number in range(1, 1 + len(CHANGES)):
            found = [bool(method.pairs([one, one + count * number])) for one in range(first, first + count)]
            column.append(f"{np.mean(found):.2f}")
        column.append(wrong_pairs(method, range(first), name))
        column.append(wrong_pairs(method, changed, f"{name}, changed"))
        columns.append(column)
    return columns, f"{ours.hash_ms:.1f} ms an image for the hash, {ours.sketch_ms:.1f} ms more for the sketch"


def main() -> None:
    """Print a table in Markdown for each kind of pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--imagededup", help="Python of an environment with imagededup")
    parser.add_argument("--only", choices=[*ALL])
    options = parser.parse_args()
    last = ("different images taken for copies", "different images, each changed in one of these ways")
    for name in [options.only] if options.only else ALL:
        columns, cost = study(name, options.count, options.imagededup)
        rows = list(zip(["copies found", *CHANGES, *last], *columns, strict=True))
        print(f"{options.count} images, {SKETCH_BYTES} bytes a sketch; processor time: {cost}\n")
        print("\n".join(f"| {' | '.join(row)} |" for row in [rows[0], ["---"] * len(rows[0]), *rows[1:]]), end="\n\n")


if __name__ == "__main__":
    main()
