"""Transformed copies: cropped, mirrored, turned by quarters, bordered, or shown in a screenshot, found by sketches.

A sketch holds the 168 lowest frequencies (cosine transform) of a gray picture of 32 × 32 pixels and their scale, a
byte each, for the whole image and for up to four views of what it shows: where its ink is, if it has margins, inner
pictures, and blocks of a page. The frequencies taper off, so that a window of a view and the view of a window agree.
Candidates are pairs whose lowest 64 frequencies correlate: any of 24 windows of the one with any of the eight turns of
the other, which covers a crop of one and a border around the other alike, and any window of what an image shows with
another image as it stands, with its margins or without. Each candidate gets a closer look: the window is refined, and
the pictures must have like contrast and correlate at 24 × 24. Images that correlate as well as they stand are not
copies of this kind but look-alikes, for which there is the perceptual hash: two receipts on one form, or two
screenshots of one page with different pictures. The time grows with the square of the number of images, and most where
many are alike: a closer look takes milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vqaft.images.inner_pictures import Box, distinct, inner_boxes
from vqaft.images.page_blocks import block_boxes, content_box

MAX_TRANSFORMED = 3_000
"""Images that are compared for transformed copies at most."""
TRANSFORMED_KINDS = "crops of up to a tenth, mirror images, quarter turns, plain borders and screenshots"
"""What is found."""

Floats = NDArray[np.float32]
Indices = NDArray[np.intp]
Window = tuple[float, float, float, float]

_SIDE = 32
_SHOWN_COUNT, _INNER_COUNT = 4, 2
"""Views beside that of the whole image, and those of them that an edge sets off."""
_MOST_WITH_MARGIN = 0.9
"""Share of a side that the ink of an image with margins fills at most."""
_NOTHING, _WHOLE, _CONTENT, _SHOWN = range(4)
_ZONES = 18
_DOWN, _ACROSS = np.indices((_SIDE, _SIDE))
_ZONE = _DOWN + _ACROSS
_KEPT: NDArray[np.bool_] = (_ZONE > 0) & (_ZONE < _ZONES) & (np.maximum(_DOWN, _ACROSS) < _ZONES - 1)
_TAPER = np.cos(_ZONE[_KEPT] * (np.pi / 2 / _ZONES)).astype(np.float32)
_VIEW_BYTES = 169
SKETCH_BYTES = (1 + _SHOWN_COUNT) * _VIEW_BYTES + 1
"""Bytes of a sketch."""
_STEPS_OF_A_BYTE = 127
_STEPS_OF_AN_OCTAVE = 19
_PLAIN = 4.0  # gray levels: an inner picture with less contrast is one color
_CANDIDATE, _SAME, _SAME_INSIDE = 0.9, 0.985, 0.975
"""Least correlations of low frequencies, and after a closer look of whole images, and of one with an inner picture;
`benchmarks/transformed_copies.py`."""
_LEFT = 0.3
"""What a crop or a turn leaves at most of the difference that there is without it."""
_MOST_GAIN = 1.3
"""Factor by which the contrasts of copies differ at most: a page in a window is no faint picture in a white one."""
_SMALLEST, _SMALLEST_INSIDE = 0.75, 0.85
"""Least sides of a window, of a whole image and of one compared with an inner picture."""
_EDGE_INSIDE = 0.03
"""Share of each side of an inner picture that is left out of its lowest frequencies: what surrounds it may be there."""
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
_COSINES = np.cos(np.pi / _SIDE * np.outer(np.arange(_SIDE), np.arange(_SIDE) + 0.5)).astype(np.float32)
_TRANSFORM: Floats = _COSINES * np.sqrt(np.where(np.arange(_SIDE) == 0, 1, 2) / _SIDE)[:, None].astype(np.float32)


def sketch_of(picture: Image.Image) -> bytes:
    """Return the sketch of an image: of the whole, of what is shown in it, and whether the first of that is its ink.

    Args:
        picture: The image in gray, its longer side about `INNER_SIDE` pixels.
    """
    whole = (0, 0, *picture.size)
    content = content_box(picture)
    has_margin = _has_margin(content, picture.size)
    inner = [box for box in inner_boxes(picture, 2 * _INNER_COUNT) if _shrunk(picture.crop(box)).std() >= _PLAIN]
    blocks = block_boxes(picture, _SHOWN_COUNT)
    shown = distinct([*([content] if has_margin else []), *inner[:_INNER_COUNT], *blocks], _SHOWN_COUNT)
    views = b"".join(_frequencies(_shrunk(picture.crop(box))) for box in (whole, *shown))
    return views.ljust(SKETCH_BYTES - 1, b"\0") + bytes([has_margin])


def _has_margin(content: Box, size: tuple[int, int]) -> bool:
    left, top, right, bottom = content
    return min((right - left) / size[0], (bottom - top) / size[1]) < _MOST_WITH_MARGIN


def _shrunk(picture: Image.Image) -> Floats:
    return np.asarray(picture.resize((_SIDE, _SIDE), Image.Resampling.BILINEAR), dtype=np.float32)


def _frequencies(picture: Floats) -> bytes:
    """Return the largest of the low frequencies, by its logarithm, and each as the root of its share of that."""
    low = (_TRANSFORM @ picture @ _TRANSFORM.T)[_KEPT]
    largest = float(np.abs(low).max())
    shares = low / max(largest, 1e-6)
    steps = np.rint(np.sign(shares) * np.sqrt(np.abs(shares)) * _STEPS_OF_A_BYTE)
    return bytes([round(_STEPS_OF_AN_OCTAVE * math.log2(1 + largest))]) + bytes(steps.astype(np.int8).tobytes())


def _restored(stored: NDArray[np.uint8]) -> Floats:
    """Return the pictures, without their means, of rows of low frequencies."""
    largest = np.exp2(stored[:, :1].astype(np.float32) / _STEPS_OF_AN_OCTAVE) - 1
    shares = stored[:, 1:].view(np.int8).astype(np.float32) / _STEPS_OF_A_BYTE
    low = np.zeros((len(stored), _SIDE, _SIDE), dtype=np.float32)
    low[:, _KEPT] = np.sign(shares) * np.square(shares) * _TAPER * largest
    restored: Floats = np.asarray(_TRANSFORM.T @ low @ _TRANSFORM, dtype=np.float32)
    return restored


@dataclass(frozen=True, kw_only=True)
class _Views:
    """Square pictures, each of one image.

    Attributes:
        pictures: The pictures.
        owner: The image of each picture.
    """

    pictures: Floats
    owner: Indices

    def turned(self, turn: int) -> _Views:
        flipped = self.pictures[:, :, ::-1] if turn >= 4 else self.pictures  # noqa: PLR2004 - four turns, four mirrored
        return _Views(pictures=np.rot90(flipped, turn % 4, (1, 2)), owner=self.owner)


def transformed_pairs(sketches: NDArray[np.uint8]) -> tuple[Indices, Indices]:
    """Find the pairs of images of which one is a transformed copy of the other.

    Args:
        sketches: A row of bytes for each image.

    Returns:
        The two sides of the pairs, as positions in `sketches`.
    """
    wholes, contents, shown = _views(sketches)
    pairs: set[tuple[int, int]] = set()
    for turn in range(8):
        found = _matches(wholes, wholes.turned(turn), _SAME, known=pairs)
        pairs |= {pair for pair, value in found.items() if _explained(wholes, pair, value)}
    for one, other in ((wholes, shown), (wholes, contents), (contents, shown)):
        for ones, others in ((one, other), (other, one)):
            found = _matches(ones, others, _SAME_INSIDE, known=pairs, inside=True)
            pairs |= {pair for pair, value in found.items() if _explained(wholes, pair, value)}
    in_order = np.array(sorted(pairs), dtype=np.intp).reshape(-1, 2)
    return in_order[:, 0], in_order[:, 1]


def _matches(
    ones: _Views, others: _Views, least: float, *, known: AbstractSet[tuple[int, int]], inside: bool = False
) -> dict[tuple[int, int], float]:
    """Pair images of which a window of the one is the other, with the correlation."""
    pairs: dict[tuple[int, int], float] = {}
    smallest, edge = (_SMALLEST_INSIDE, _EDGE_INSIDE) if inside else (_SMALLEST, 0.0)
    for one, other, number in _candidates(ones, others, edge):
        first, second = int(ones.owner[one]), int(others.owner[other])
        pair = min(first, second), max(first, second)
        if first == second or pair in known:
            continue
        window = _widened(_WINDOWS[number], edge)
        found = _correlation_at_best(ones.pictures[one], others.pictures[other], window, smallest)
        if found >= max(least, pairs.get(pair, 0)):
            pairs[pair] = found
    return pairs


def _explained(wholes: _Views, pair: tuple[int, int], found: float) -> bool:
    """Return whether two images correlate much better after cropping or turning than unchanged."""
    one, other = (_normalized(wholes.pictures[number], _FULL)[0] for number in pair)
    return 1 - found <= _LEFT * (1 - float((one * other).sum()))


def _views(sketches: NDArray[np.uint8]) -> tuple[_Views, _Views, _Views]:
    """Take the sketches apart into whole images, those without their margins, and what is shown in images."""
    stored = sketches[:, :-1].reshape(len(sketches), 1 + _SHOWN_COUNT, _VIEW_BYTES)
    kind = np.where(stored.any(axis=2), _SHOWN, _NOTHING)
    kind[:, 0] = _WHOLE
    kind[sketches[:, -1] > 0, 1] = _CONTENT
    places = [np.nonzero(kind == one) for one in (_WHOLE, _CONTENT, _SHOWN)]
    wholes, contents, shown = (_Views(pictures=_restored(stored[place]), owner=place[0]) for place in places)
    return wholes, contents, shown


def _candidates(ones: _Views, others: _Views, edge: float) -> Iterator[tuple[int, int, int]]:
    """Yield pictures that may match, with the best window of the first; of the others, an edge is left out."""
    views = np.stack([_low_frequencies(ones.pictures, window) for window in _WINDOWS])
    wholes = _low_frequencies(others.pictures, (edge, 1 - edge, edge, 1 - edge))
    for start in range(0, len(ones.pictures), _ROWS):
        best = np.full((min(_ROWS, len(ones.pictures) - start), len(wholes)), _CANDIDATE, dtype=np.float32)
        how = np.full(best.shape, -1, dtype=np.int8)
        for number, view in enumerate(views):
            alike = view[start : start + _ROWS] @ wholes.T
            better = alike > best
            best[better], how[better] = alike[better], number
        for row, other in np.argwhere(how >= 0).tolist():
            yield start + row, other, int(how[row, other])


def _widened(window: Window, edge: float) -> Window:
    """Return the window of a whole picture, given that of a picture without its edge."""
    more = edge / (1 - 2 * edge)
    left, right, top, bottom = window
    wide, tall = more * (right - left), more * (bottom - top)
    return max(0.0, left - wide), min(1.0, right + wide), max(0.0, top - tall), min(1.0, bottom + tall)


def _low_frequencies(pictures: Floats, window: Window) -> Floats:
    cosines = _COSINES[:_LOW]
    down, across = cosines @ _sampler(_SIDE, *window[2:]), cosines @ _sampler(_SIDE, *window[:2])
    low = (down @ pictures @ across.T).reshape(len(pictures), _LOW * _LOW)
    low[:, 0] = 0.0  # the mean
    scaled: Floats = low / np.maximum(np.linalg.norm(low, axis=1, keepdims=True), 1e-6)
    return scaled


@lru_cache(maxsize=65_536)
def _sampler(count: int, low: float, high: float) -> Floats:
    """Return a matrix that samples a row of a picture from `low` to `high` (shares of its length) at `count` places."""
    places = (low + (np.arange(4 * count) + 0.5) / (4 * count) * (high - low)) * _SIDE - 0.5
    nearness = np.maximum(0, 1 - np.abs(np.clip(places, 0, _SIDE - 1)[:, None] - np.arange(_SIDE)))
    sampler: Floats = nearness.reshape(count, 4, _SIDE).mean(1).astype(np.float32)
    return sampler


def _correlation_at_best(big: Floats, small: Floats, window: Window, smallest: float) -> float:
    """Move the edges of a window of one picture until it correlates best with another picture."""
    target, wanted = _normalized(small, _FULL)
    view, contrast = _normalized(big, window)
    if not 1 / _MOST_GAIN <= contrast / max(wanted, 1e-6) <= _MOST_GAIN:
        return 0.0
    best = float((view * target).sum())
    for step in _STEPS:
        improved = True
        while improved:
            improved = False
            for moved in _moved(window, step, smallest):
                value = float((_normalized(big, moved)[0] * target).sum())
                if value > best + 1e-4:
                    best, window, improved = value, moved, True
    return best


def _moved(window: Window, step: float, smallest: float) -> Iterator[Window]:
    for edge, change in product(range(4), (-step, step)):
        moved = list(window)
        moved[edge] = round(moved[edge] + change, 3)
        left, right, top, bottom = moved
        if min(left, top) >= 0 and max(right, bottom) <= 1 and min(right - left, bottom - top) >= smallest:
            yield left, right, top, bottom


def _normalized(picture: Floats, window: Window) -> tuple[Floats, float]:
    """Return a window of a picture without its mean and its contrast, and the contrast."""
    view = _sampler(_LOOKED_AT, *window[2:]) @ picture @ _sampler(_LOOKED_AT, *window[:2]).T
    view = view[_RING:-_RING, _RING:-_RING]  # a border bleeds into the pixels beside it
    view = view - view.mean()
    contrast = float(np.linalg.norm(view))
    scaled: Floats = view / max(contrast, 1e-6)
    return scaled, contrast
