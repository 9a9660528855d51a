"""Speed of XXH3 and SHA-256 in blocks of 4 MB, as files are written: `python benchmarks/hash_speed.py`.

Seconds of processor time a GB, and the ratio; the median of five rounds that take turns. `write` is what the operating
system takes for the same bytes, without waiting for the disk.
"""

from __future__ import annotations

import hashlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable

import xxhash

ROUNDS, BLOCK_BYTES, BLOCKS = 5, 4 << 20, 64


def seconds(work: Callable[[bytes], object], block: bytes) -> float:
    """Return the seconds of processor time of one round."""
    start = time.process_time()
    for _ in range(BLOCKS):
        work(block)
    return time.process_time() - start


def main() -> None:
    """Print a line for each hash."""
    block = os.urandom(BLOCK_BYTES)
    with tempfile.TemporaryFile(buffering=0) as file:
        ways: dict[str, Callable[[bytes], object]] = {
            "SHA-256": hashlib.sha256().update,
            "XXH3, 128 bits": xxhash.xxh3_128().update,
            "write": lambda data: (file.seek(0), file.write(data)),
        }
        taken: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(ROUNDS):
            for name, work in ways.items():
                taken[name].append(seconds(work, block))
    size = BLOCKS * BLOCK_BYTES / 1e9
    whole = statistics.median(taken["SHA-256"])
    print("| what | GB a second of processor time | time against SHA-256 |\n|---|---|---|")
    for name, times in taken.items():
        middle = statistics.median(times)
        print(f"| {name} | {size / middle:.1f} | {middle / whole:.3f} |")


if __name__ == "__main__":
    main()
