"""Transformed copies: cropped, mirrored, turned by quarters, or with a plain border, found by sketches of the pictures.

A sketch is a gray picture of 30 × 30 pixels (900 bytes). Candidates are pairs whose low frequencies (8 × 8 of the
cosine transform) correlate: any of 24 windows of the one with any of the eight turns of the other, which covers a crop
of one and a border around the other alike. Each candidate gets a closer look: the window is refined, and the pictures
must correlate at 24 × 24. The time grows with the square of the number of pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SKETCH_SIDE = 30
"""Side of a sketch in pixels."""
MAX_TRANSFORMED = 3_000
"""Pictures that are compared for transformed copies at most; more would take minutes."""
TRANSFORMED_KINDS = "crops of up to a tenth, mirror images, quarter turns and plain borders"
"""What is found."""

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]
Window = tuple[float, float, float, float]

_CANDIDATE, _SAME = 0.8, 0.98
"""Least correlations of low frequencies, and of pictures after a closer look; `benchmarks/transformed_copies.py`."""
_LOOKED_AT = 24
_LOW = 8
_RING = 2
_ROWS = 512
_STEPS = (0.04, 0.02, 0.01, 0.005)
_MARGINS = (0.0, 0.03, 0.06, 0.1)
_FULL: Window = (0.0, 1.0, 0.0, 1.0)
_WINDOWS: tuple[Window, ...] = (
    *((x, 1 - x, y, 1 - y) for x, y in product(_MARGINS, repeat=2)),
    *((left, 1 - right, 0.0, 1.0) for left, right in ((0.05, 0), (0, 0.05))),
    *((0.0, 1.0, top, 1 - bottom) for top, bottom in ((0.05, 0), (0, 0.05))),
    *((x, 0.95 + x, y, 0.95 + y) for x, y in product((0.0, 0.05), repeat=2)),
)
_COSINES = np.cos(np.pi / 32 * np.outer(np.arange(_LOW), np.arange(32) + 0.5)).astype(np.float32)


def sketch_of(picture: Image.Image) -> bytes:
    """Return the sketch of a small gray picture, row by row."""
    return picture.resize((SKETCH_SIDE, SKETCH_SIDE), Image.Resampling.BILINEAR).tobytes()


def transformed_pairs(sketches: NDArray[np.uint8]) -> tuple[Indices, Indices]:
    """Find the pairs of pictures of which one is a transformed copy of the other.

    Args:
        sketches: A row of bytes for each picture.

    Returns:
        The two sides of the pairs, as positions in `sketches`.
    """
    pictures = sketches.reshape(-1, SKETCH_SIDE, SKETCH_SIDE).astype(np.float32)
    turned = [_turned(pictures, turn) for turn in range(8)]
    pairs: set[tuple[int, int]] = set()
    for one, other, window, turn in _candidates(pictures, turned):
        pair = min(one, other), max(one, other)
        if pair not in pairs and _correlation_at_best(pictures[one], turned[turn][other], _WINDOWS[window]) >= _SAME:
            pairs.add(pair)
    found = np.array(sorted(pairs), dtype=np.intp).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _turned(pictures: Floats, turn: int) -> Floats:
    flipped = pictures[:, :, ::-1] if turn >= 4 else pictures  # noqa: PLR2004 - four turns, then four mirrored
    return np.rot90(flipped, turn % 4, (1, 2))


def _candidates(pictures: Floats, turned: list[Floats]) -> Iterator[tuple[int, int, int, int]]:
    """Yield pairs that may match, with each turn of the second and the best window of the first for it."""
    views = np.stack([_low_frequencies(pictures, window) for window in _WINDOWS])
    for turn, own in enumerate(turned):
        wholes = _low_frequencies(own, _FULL)
        for start in range(0, len(pictures), _ROWS):
            best = np.full((min(_ROWS, len(pictures) - start), len(pictures)), _CANDIDATE, dtype=np.float32)
            how = np.full(best.shape, -1, dtype=np.int8)
            for number, view in enumerate(views):
                alike = view[start : start + _ROWS] @ wholes.T
                better = alike > best
                best[better], how[better] = alike[better], number
            for row, other in np.argwhere(how >= 0).tolist():
                if start + row != other:
                    yield start + row, other, int(how[row, other]), turn


def _low_frequencies(pictures: Floats, window: Window) -> Floats:
    down, across = _COSINES @ _sampler(32, *window[2:]), _COSINES @ _sampler(32, *window[:2])
    low = (down @ pictures @ across.T).reshape(len(pictures), _LOW * _LOW)
    low[:, 0] = 0.0  # the mean
    scaled: Floats = low / np.maximum(np.linalg.norm(low, axis=1, keepdims=True), 1e-6)
    return scaled


@lru_cache(maxsize=65_536)
def _sampler(count: int, low: float, high: float) -> Floats:
    """Return a matrix that samples a row of a sketch from `low` to `high` (shares of its length) at `count` places."""
    places = (low + (np.arange(4 * count) + 0.5) / (4 * count) * (high - low)) * SKETCH_SIDE - 0.5
    nearness = np.maximum(0, 1 - np.abs(np.clip(places, 0, SKETCH_SIDE - 1)[:, None] - np.arange(SKETCH_SIDE)))
    sampler: Floats = nearness.reshape(count, 4, SKETCH_SIDE).mean(1).astype(np.float32)
    return sampler


def _correlation_at_best(big: Floats, small: Floats, window: Window) -> float:
    """Move the edges of a window of one picture until it correlates best with another picture."""
    target = _normalized(small, _FULL)
    best = float((_normalized(big, window) * target).sum())
    for step in _STEPS:
        improved = True
        while improved:
            improved = False
            for moved in _moved(window, step):
                value = float((_normalized(big, moved) * target).sum())
                if value > best + 1e-4:
                    best, window, improved = value, moved, True
    return best


def _moved(window: Window, step: float) -> Iterator[Window]:
    for edge, change in product(range(4), (-step, step)):
        moved = list(window)
        moved[edge] = round(moved[edge] + change, 3)
        left, right, top, bottom = moved
        if min(left, top) >= 0 and max(right, bottom) <= 1 and min(right - left, bottom - top) >= 0.75:  # noqa: PLR2004
            yield left, right, top, bottom


def _normalized(picture: Floats, window: Window) -> Floats:
    view = _sampler(_LOOKED_AT, *window[2:]) @ picture @ _sampler(_LOOKED_AT, *window[:2]).T
    view = view[_RING:-_RING, _RING:-_RING]  # a border bleeds into the pixels beside it
    view = view - view.mean()
    scaled: Floats = view / max(float(np.linalg.norm(view)), 1e-6)
    return scaled
