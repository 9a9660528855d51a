"""The training file against the cookbook's way, in one run: `python benchmarks/records_training_file.py [FOLDER]`.

The folder holds `qa.jsonl` (image, question, answer) and the images; without one, images are generated. With
`--manifest`, only what the manifest and its hash add to writing is measured, in seconds instead of minutes.
"""

from __future__ import annotations

import argparse
import base64
import functools
import io
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from vqaft.data import VQAExample
from vqaft.images import ImageEncoder
from vqaft.records import MessageBuilder, write_jsonl

IMAGES = 60
SYSTEM = "Look at the image and answer the question."
ROUNDS, MANIFEST_ROUNDS, REPEATS = 5, 25, 3
COOKBOOK, COMPLIANT, BARE = "cookbook, quality 100", "compliant bytes", "write() and fsync of the same bytes"
WITHOUT, SHA256 = "compliant bytes, no manifest", "compliant bytes, SHA-256 too"


def _examples_of(folder: Path) -> list[VQAExample]:
    rows = [json.loads(line) for line in (folder / "qa.jsonl").read_bytes().splitlines()]
    kept = list(dict.fromkeys(row["image"] for row in rows))[:IMAGES]
    return [
        VQAExample(id=str(n), image=str(folder / row["image"]), question=row["question"], answers=(str(row["answer"]),))
        for n, row in enumerate(rows)
        if row["image"] in kept
    ]


def _generated(folder: Path) -> Path:
    rows = []
    for number in range(IMAGES):
        grain = np.random.default_rng(number).integers(0, 255, (700, 460, 3), dtype=np.uint8)
        Image.fromarray(grain).resize((920, 1400)).save(folder / f"{number}.jpg", quality=90)
        rows += [{"image": f"{number}.jpg", "question": f"Question {k}?", "answer": "yes"} for k in range(5)]
    (folder / "qa.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def _cookbook(examples: list[VQAExample], path: Path, *, quality: int = 100) -> None:
    rows = []
    for example in examples:
        stream = io.BytesIO()
        Image.open(str(example.image)).convert("RGB").save(stream, "JPEG", quality=quality)
        url = "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
        content = [{"type": "text", "text": example.question}, {"type": "image_url", "image_url": {"url": url}}]
        answer = {"role": "assistant", "content": example.answer}
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": content}, answer]
        rows.append({"messages": messages})
    with path.open("w") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def _ours(
    examples: list[VQAExample], path: Path, *, encoder: ImageEncoder, manifest: bool = True, sha256: bool = False
) -> None:
    builder = MessageBuilder(system=SYSTEM, encoder=encoder)
    write_jsonl(path, builder.records(examples), builder=builder, manifest=manifest, sha256=sha256)


def _conversations(examples: list[VQAExample], path: Path, *, encoder: ImageEncoder) -> None:
    builder = MessageBuilder(system=SYSTEM, encoder=encoder)
    by_image: dict[str, list[VQAExample]] = {}
    for example in examples:
        by_image.setdefault(str(example.image), []).append(example)
    write_jsonl(path, map(builder.conversation, by_image.values()))


def _plain_write(lines: list[bytes], path: Path) -> None:
    with path.open("wb") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())


def _timed(way: Callable[[], object], path: Path) -> tuple[float, float]:
    taken = []
    for _ in range(REPEATS):
        path.unlink(missing_ok=True)
        start, cpu = time.perf_counter(), time.process_time()
        way()
        taken.append((time.perf_counter() - start, time.process_time() - cpu))
    return min(taken)  # a virtual machine first has to get back memory that the last way gave up


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--manifest", action="store_true", help="measure only what the manifest and its hash add")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.folder or _generated(Path(scratch))
        examples, out = _examples_of(folder), Path(scratch) / "train.jsonl"
        through, again = ImageEncoder(), ImageEncoder(format="jpeg", quality=84, max_side=1300)
        ways: dict[str, Callable[[], object]] = {
            COOKBOOK: functools.partial(_cookbook, examples, out),
            COMPLIANT: functools.partial(_ours, examples, out, encoder=through),
            WITHOUT: functools.partial(_ours, examples, out, encoder=through, manifest=False),
            SHA256: functools.partial(_ours, examples, out, encoder=through, sha256=True),
            "one conversation an image": functools.partial(_conversations, examples, out, encoder=through),
            "shrunk to 1300, JPEG at 84": functools.partial(_ours, examples, out, encoder=again),
            "shrunk to 768": functools.partial(_ours, examples, out, encoder=ImageEncoder(max_side=768)),
        }
        _ours(examples, out, encoder=through, manifest=False)
        with out.open("rb") as file:
            ways[BARE] = functools.partial(_plain_write, file.readlines(), out)
        if arguments.manifest:
            ways = {name: ways[name] for name in (WITHOUT, COMPLIANT, SHA256, BARE)}
        seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        sizes = {}
        for _ in range(MANIFEST_ROUNDS if arguments.manifest else ROUNDS):
            for name, way in ways.items():
                seconds[name].append(_timed(way, out))
                sizes[name] = out.stat().st_size
        _report(seconds, sizes, len(examples))


def _report(seconds: dict[str, list[tuple[float, float]]], sizes: dict[str, int], rows: int) -> None:
    rounds, first = len(seconds[BARE]), next(iter(seconds))
    print(f"{rows} rows, {IMAGES} images, median of {rounds}; where the machine is shared, believe CPU seconds\n")
    print(f"| way | MB | seconds | {first} takes | CPU seconds | {first} takes |\n|---|---|---|---|---|---|")
    clock, cpu = (_middle(seconds[first], place) for place in (0, 1))
    for name, taken in seconds.items():
        by_clock, by_cpu = _middle(taken, 0), _middle(taken, 1)
        both = f"{by_clock:.3f} | {clock / by_clock:.1f} × | {by_cpu:.3f} | {cpu / by_cpu:.1f} ×"
        print(f"| {name} | {sizes[name] / 1e6:.0f} | {both} |")
    for name in (WITHOUT, COMPLIANT, SHA256):
        by_clock, by_cpu = (100 * _middle(seconds[BARE], place) / _middle(seconds[name], place) for place in (0, 1))
        print(f"\n{name}: {by_clock:.0f} % of {BARE} by the clock, {by_cpu:.0f} % by CPU")
    for name in (COMPLIANT, SHA256):
        by_clock, by_cpu = (
            statistics.median(
                one[place] / other[place] for one, other in zip(seconds[name], seconds[WITHOUT], strict=True)
            )
            for place in (0, 1)
        )
        print(f"\n{name}: {by_clock:.2f} of the time without a manifest by the clock, {by_cpu:.2f} by CPU")


def _middle(taken: list[tuple[float, float]], place: int) -> float:
    return statistics.median(pair[place] for pair in taken)


if __name__ == "__main__":
    _main()
