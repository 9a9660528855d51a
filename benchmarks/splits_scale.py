"""A million examples of 200,000 images: time and memory of a split.

Run it with `python benchmarks/splits_scale.py`. The images are made up: their contents and looks are drawn from their
names instead of being read, so that the figures are those of the split alone. Peak memory counts the examples too.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import time
from collections.abc import Iterator, Sequence
from typing import Any

from vqaft.data import DatasetSplitter, ImageHash, ImageTable, VQAExample
from vqaft.images import ImageSource


def drawn(sources: Sequence[tuple[ImageSource, str]]) -> Iterator[ImageHash]:
    """Stand in for reading images: draw contents and perceptual hashes from their names."""
    for image, _ in sources:
        name = str(image).encode()
        look = int.from_bytes(hashlib.blake2b(name, digest_size=8).digest())
        yield ImageHash(hashlib.sha256(name).hexdigest(), look)


def main() -> None:
    """Print one line for each setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1_000_000)
    count = parser.parse_args().examples
    examples = [
        VQAExample(
            id=f"t-{number}",
            image=f"images/{number // 5:012}.jpg",
            question=f"what is thing number {number % 9999} in the picture?",
            answers=(f"answer {number % 3000}",),
            question_type="thing",
        )
        for number in range(count)
    ]
    print(f"{count} examples: {peak_gb():.2f} GB")
    settings: list[dict[str, Any]] = [
        {"train": 0.8, "validation": 0.1, "test": 0.1},
        {"train": 0.8, "validation": 0.1, "test": 0.1, "stratify": True},
        {"train": count // 10, "validation": count // 50, "test": count // 50},
    ]
    for setting in settings:
        start = time.perf_counter()
        split = DatasetSplitter(**setting).split(examples, images=ImageTable.of(examples, hash_all=drawn))
        print(f"{setting} {split}: {time.perf_counter() - start:.1f} s, peak {peak_gb():.2f} GB")


def peak_gb() -> float:
    """Return the peak memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
