"""Nearest pair of look-alikes across two parts of a million images: banded search beside comparing all pairs.

Run it with `python benchmarks/nearest_across.py [--queries 100000 --targets 800000]`. Half of the hashes are random,
half are near others, as images of one shop are. Comparing all pairs is timed on a sample of the queries and scaled.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from vqaft.images import closest_across, nearest_across

SAMPLE = 500
NEAR = 4


def main() -> None:
    """Print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--queries", type=int, default=100_000)
    parser.add_argument("--targets", type=int, default=800_000)
    arguments = parser.parse_args()
    chance = np.random.default_rng(0)
    targets = chance.integers(0, 2**64, arguments.targets, dtype=np.uint64)
    queries = chance.integers(0, 2**64, arguments.queries, dtype=np.uint64)
    start = time.process_time()
    bits = np.bitwise_count(queries[:SAMPLE, None] ^ targets[None, :])
    bits.argmin(axis=1)
    bits.min(axis=1)
    every = (time.process_time() - start) * arguments.queries / SAMPLE
    start = time.process_time()
    near = nearest_across(queries, targets, within=NEAR)
    closest = closest_across(queries, targets)
    banded = time.process_time() - start
    found = int((near.distance <= NEAR).sum())
    print(
        f"{arguments.queries} x {arguments.targets}: all pairs {every:.0f} s, banded {banded:.1f} s of processor time"
    )
    print(f"ratio {banded / every:.3f}; {found} within 4 bits, closest pair {closest}")


if __name__ == "__main__":
    main()
