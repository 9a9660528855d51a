"""Pictures shown inside an image: in a window, a page, or a viewer, as in a screenshot.

An inner picture is set off from what surrounds it: by its edge, or because it is one plain area. So candidates are the
bounding boxes of connected areas that are rough (levels change from pixel to pixel), that are even, and that differ
from the commonest level. Those that touch three sides of the image are its background. The others rank by their area,
by how far they fill their box, and by how little of it has the color around it, as lines of text have. Where a picture
touches a bar, the line between them is cut first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

INNER_SIDE = 320
"""Longer side in pixels at which an image is searched for inner pictures."""

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right and bottom in pixels, the last two exclusive."""
Levels: TypeAlias = NDArray[np.int16]
Mask: TypeAlias = NDArray[np.bool_]

_ROUGH = 5  # gray levels between neighbors
_SAME_COLOR = 4
_LEAST_AREA, _MOST_AREA, _LEAST_SIDE = 0.03, 0.9, 0.1
_LINE = 0.93  # share of a row or column that a line between parts of a page fills
_CELLS = (6, 6)
_MOSTLY, _EVEN = 0.3, 0.25  # share of the commonest level in running text, at least, and `unevenness`, at most
_ALIKE = 0.8  # intersection over union


def inner_boxes(picture: Image.Image, count: int) -> list[Box]:
    """Find pictures shown inside a gray image.

    Args:
        picture: The image in gray, its longer side about `INNER_SIDE` pixels.
        count: How many to return at most.

    Returns:
        Boxes, the likeliest first; no two are nearly the same, and none is nearly the whole image.
    """
    levels = np.asarray(picture).astype(np.int16)
    if min(levels.shape) < 2 / _LEAST_SIDE:
        return []
    ranked = sorted(((_likelihood(levels, box, filled), box) for box, filled in _areas(levels)), reverse=True)
    return distinct((box for likelihood, box in ranked if likelihood > 0), count)


def distinct(boxes: Iterable[Box], count: int) -> list[Box]:
    """Take the first boxes of which no two are nearly the same.

    Args:
        boxes: The likeliest first.
        count: How many to take at most.
    """
    kept: list[Box] = []
    for box in boxes:
        if len(kept) < count and all(_overlap(box, other) < _ALIKE for other in kept):
            kept.append(box)
    return kept


def area(box: Box) -> int:
    """Return the pixels of a box."""
    left, top, right, bottom = box
    return (right - left) * (bottom - top)


def _areas(levels: Levels) -> Iterator[tuple[Box, float]]:
    """Yield the boxes of connected areas, and the share of its box that each fills, holes included."""
    highest = np.maximum(levels[:, 1:], levels[:, :-1])
    lowest = np.minimum(levels[:, 1:], levels[:, :-1])
    rough = np.maximum(highest[1:], highest[:-1]) - np.minimum(lowest[1:], lowest[:-1]) > _ROUGH
    yield from _boxes(rough, even=False)
    yield from _boxes(~rough, even=True)
    ground = np.bincount(levels.ravel()).argmax()
    yield from _boxes(np.abs(levels - ground) > _SAME_COLOR, even=False)
    rows, columns = rough.mean(axis=1) > _LINE, rough.mean(axis=0) > _LINE
    if rows.any() or columns.any():
        yield from _boxes(rough & ~rows[:, None] & ~columns, even=False)


def _boxes(mask: Mask, *, even: bool) -> Iterator[tuple[Box, float]]:
    from scipy import ndimage

    labels, _ = ndimage.label(mask, structure=None if even else np.ones((3, 3)))
    height, width = mask.shape
    for number, place in enumerate(ndimage.find_objects(labels), start=1):
        down, across = place
        tall, wide = down.stop - down.start, across.stop - across.start
        if min(tall / height, wide / width) < _LEAST_SIDE or not _LEAST_AREA <= tall * wide / mask.size <= _MOST_AREA:
            continue
        from_top, from_left = down.start <= 1, across.start <= 1
        to_bottom, to_right = down.stop >= height - 1, across.stop >= width - 1
        between = (from_top and to_bottom) or (from_left and to_right)
        if from_top + from_left + to_bottom + to_right > 2 or (even and between):  # noqa: PLR2004 - three sides
            continue
        filled = float(ndimage.binary_fill_holes(labels[place] == number).mean())
        yield (across.start, down.start, across.stop + 1, down.stop + 1), filled  # a mask is a pixel smaller


def _likelihood(levels: Levels, box: Box, filled: float) -> float:
    left, top, right, bottom = box
    height, width = levels.shape
    sides = [levels[row, left:right] for row in (top - 2, bottom + 1) if 0 <= row < height]
    sides += [levels[top:bottom, column] for column in (left - 2, right + 1) if 0 <= column < width]
    around = np.median(np.concatenate(sides)) if sides else -_SAME_COLOR - 1
    inside = levels[top + 1 : bottom - 1, left + 1 : right - 1]
    text = float((np.abs(inside - around) <= _SAME_COLOR).mean())
    return 0.0 if _is_running_text(inside) else area(box) / levels.size * (filled * (1 - text)) ** 2


def _is_running_text(inside: Levels) -> bool:
    distance = np.abs(inside - np.bincount(inside.ravel()).argmax().astype(np.int16))
    return bool((distance <= _SAME_COLOR).mean() > _MOSTLY) and unevenness(distance) < _EVEN


def unevenness(distance: Levels) -> float:
    """Return how much the ink in parts of a page varies, relative to its mean: little in lines of running text.

    Args:
        distance: How far each pixel is from the level of the ground.
    """
    inside = Image.fromarray(distance.astype(np.float32))
    cells = np.asarray(inside.resize(_CELLS, Image.Resampling.BOX), dtype=np.float32)
    return float(cells.std() / max(float(cells.mean()), 1e-6))


def _overlap(one: Box, other: Box) -> float:
    """Return the intersection over the union."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    tall = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0, wide) * max(0, tall)
    return shared / (area(one) + area(other) - shared)
