"""Near-duplicates: hashing against imagehash, and the search among 200,000 hashes.

Run it with `python benchmarks/duplicates_speed.py`; it needs `imagehash` (`pip install imagehash`) and the developers'
shared data. Rounds are interleaved and medians printed. On a busy machine trust the CPU time (of all threads together),
not the wall.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vqaft.images import near_groups, perceptual_hash
from vqaft.images.perceptual_hash import hash_thumbnails
from vqaft.parallel import ordered_map

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
COUNT = 200_000


def hashing(folder: str, *, rounds: int = 3) -> None:
    """Print images a second of imagehash and of vqaft, and how far their bits are apart."""
    files = [str(path) for path in sorted((SHARED / folder / "images").iterdir())][:120]
    cores = os.cpu_count() or 1
    ways: dict[str, Callable[[], list[int | None]]] = {
        "imagehash": lambda: [_theirs(file) for file in files],
        "vqaft, one thread": lambda: [perceptual_hash(file) for file in files],
        f"vqaft, {cores} threads": lambda: list(ordered_map(perceptual_hash, files, max_workers=cores)),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    hashes: dict[str, list[int | None]] = {}
    for _ in range(rounds):
        for name, way in ways.items():
            start, cpu_start = time.perf_counter(), time.process_time()
            hashes[name] = way()
            seconds[name].append(time.perf_counter() - start)
            cpu[name].append(time.process_time() - cpu_start)
    apart = [(a ^ b).bit_count() for a, b in zip(*list(hashes.values())[:2], strict=True) if a is not None and b]
    base, base_cpu = statistics.median(seconds["imagehash"]), statistics.median(cpu["imagehash"])
    print(f"\n{folder}: {len(files)} images, at most {max(apart)} of 64 bits from imagehash")
    for name, taken in seconds.items():
        median = statistics.median(taken)
        spent = statistics.median(cpu[name])
        print(
            f"  {name:20} {len(files) / median:6.0f} images/s {base / median:5.1f} ×"
            f"   CPU {1000 * spent / len(files):5.2f} ms an image {base_cpu / spent:5.1f} ×"
        )


def _theirs(file: str) -> int:
    with Image.open(file) as image:
        return int(str(imagehash.phash(image)), 16)


def crops() -> NDArray[np.uint64]:
    """Hash hundreds of crops of every shared image: real hashes, many of them near or the same."""
    chance = np.random.default_rng(0)
    files = [*(SHARED / "radiology" / "images").iterdir(), *(SHARED / "receipts" / "images").iterdir()]
    hashes = []
    for file in sorted(files):
        with Image.open(file) as opened:
            opened.draft("L", (256, 256))
            image = opened.convert("L")
        boxes = chance.uniform((0, 0, 0.9, 0.9), (0.1, 0.1, 1, 1), (COUNT // len(files) + 1, 4))
        scaled = boxes * np.array([*image.size, *image.size])
        pictures = [image.resize((32, 32), Image.Resampling.BILINEAR, box=tuple(box)) for box in scaled.tolist()]
        hashes.append(hash_thumbnails(np.stack([np.asarray(picture, dtype=np.float32) for picture in pictures])))
    return np.concatenate(hashes)[:COUNT]


def clustered(centres: int, flips: int) -> NDArray[np.uint64]:
    """Draw hashes around centres: each with up to so many bits changed."""
    chance = np.random.default_rng(0)
    hashes = chance.choice(chance.integers(0, 2**64, centres, dtype=np.uint64), COUNT)
    for _ in range(flips):
        hashes = hashes ^ (np.uint64(1) << chance.integers(0, 64, COUNT, dtype=np.uint64))
    return hashes


def search() -> None:
    """Print the CPU seconds of the search for each kind of hashes."""
    near_groups(clustered(10, 1)[:1000], distance=4)  # imports scipy
    kinds = {
        "random": clustered(COUNT, 0),
        "all the same": clustered(1, 0),
        "2,000 clusters, 3 bits around": clustered(2000, 3),
        "20 clusters, 3 bits around": clustered(20, 3),
        "20 clusters, 8 bits around": clustered(20, 8),
        "one cluster, 6 bits around": clustered(1, 6),
        "crops of real images": crops(),
    }
    print(f"\nGroups of {COUNT} hashes within 4 bits, CPU time")
    for name, hashes in kinds.items():
        taken = []
        for _ in range(3):
            start = time.process_time()
            groups = near_groups(hashes, distance=4)
            taken.append(time.process_time() - start)
        sizes = np.bincount(groups)
        print(f"  {name:30} {statistics.median(taken):5.2f} s  {len(sizes):6} groups, the largest {sizes.max()}")


if __name__ == "__main__":
    hashing("radiology")
    hashing("receipts")
    search()
