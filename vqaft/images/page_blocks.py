"""Blocks of a page: what plain gutters set off, as a white receipt in a white page, where it has no edge.

A page is cut along the gutters of its ground, the commonest gray level, and each part again: the recursive X-Y cut
of Nagy and Seth (1984). How wide a gutter must be is tried from wide to narrow, as what is shown has gaps of its own.
Blocks rank by their area and by how unevenly ink is spread in them: lines of running text are even. Every block is cut
down to where nearly all its ink is, so that specks count for nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from PIL import Image

from vqaft.images.inner_pictures import Box, Levels, Mask, area, distinct, unevenness

_INK = 8  # gray levels from the ground
_GUTTERS = (14, 10, 7, 5, 3)
_STRAY = 0.05  # share of the ink that specks and thin edges hold at most
_LEAST_AREA, _MOST_AREA, _LEAST_SIDE = 0.02, 0.9, 0.1

_SIDES_OF_A_BAR = 3
_UNEVEN_ENOUGH = 0.5
_WIDE = 0.9

_Run = tuple[int, int]


def content_box(picture: Image.Image) -> Box:
    """Return where nearly all the ink of an image is, without margins and the specks in them.

    Args:
        picture: The image in gray, its longer side about `INNER_SIDE` pixels.
    """
    return _content(_distance(picture) > _INK, (0, 0, *picture.size))


def block_boxes(picture: Image.Image, count: int) -> list[Box]:
    """Find the blocks of a page.

    Args:
        picture: The page in gray, its longer side about `INNER_SIDE` pixels.
        count: How many to return at most.

    Returns:
        Boxes, the likeliest to show a picture first; no two are nearly the same, and none is nearly the whole page.
    """
    distance = _distance(picture)
    ink = distance > _INK
    nodes = {box for gutter in _GUTTERS for box in _nodes(ink, (0, 0, *picture.size), gutter)}
    boxes = [box for box in nodes | {_content(ink, box) for box in nodes} if _block(box, ink)]
    ranked = sorted(((_likelihood(distance, ink, box), box) for box in boxes), reverse=True)
    return distinct((box for _, box in ranked), count)


def _distance(picture: Image.Image) -> Levels:
    levels = np.asarray(picture).astype(np.int16)
    distance: Levels = np.abs(levels - np.bincount(levels.ravel()).argmax().astype(np.int16))
    return distance


def _nodes(ink: Mask, box: Box, gutter: int) -> Iterator[Box]:
    """Yield the parts between gutters, and rows of parts also without the first and the last: titles and captions."""
    left, top, right, bottom = box = _trimmed(ink, box)
    if min((right - left) / ink.shape[1], (bottom - top) / ink.shape[0]) < _LEAST_SIDE:
        return
    parts, in_rows = _parts(ink, box, gutter)
    if len(parts) == 1 or in_rows:
        yield box
    if in_rows:
        runs = (_trimmed(ink, run) for run in _runs_of_rows(ink, parts, right - left))
        yield from (run for run in runs if _is_one(ink, run, gutter))
    if len(parts) > 1:
        for part in parts:
            yield from _nodes(ink, part, gutter)


def _runs_of_rows(ink: Mask, rows: list[Box], width: int) -> Iterator[Box]:
    """Yield rows without the first and without the last, and what is between two as wide as the page's text."""
    yield from (_around(some) for some in (rows[1:], rows[:-1]))
    wide = [number for number, row in enumerate(rows) if _width(_trimmed(ink, row)) >= _WIDE * width]
    for above, below in pairwise((-1, *wide, len(rows))):
        if below - above > 1:
            yield _around(rows[above + 1 : below])


def _width(box: Box) -> int:
    return box[2] - box[0]


def _is_one(ink: Mask, box: Box, gutter: int) -> bool:
    """Return whether no gutter divides a box from top to bottom first."""
    parts, in_rows = _parts(ink, box, gutter)
    return in_rows or len(parts) == 1


def _parts(ink: Mask, box: Box, gutter: int) -> tuple[list[Box], bool]:
    """Cut a box along the gutters down or across it, whichever has the widest; return whether the parts are rows."""
    left, top, right, bottom = box
    inside = ink[top:bottom, left:right]
    (columns, wide), (rows, tall) = _runs(inside, 0, gutter), _runs(inside, 1, gutter)
    if tall > wide:
        return [(left, top + first, right, top + last) for first, last in rows], True
    return [(left + first, top, left + last, bottom) for first, last in columns], False


def _runs(inside: Mask, axis: int, gutter: int) -> tuple[list[_Run], int]:
    """Return the runs that gutters leave down (0) or across (1) a part, and the width of the widest gutter."""
    places = np.flatnonzero(inside.any(axis=axis))
    if not len(places):
        return [(0, inside.shape[1 - axis])], 0
    gaps = np.diff(places) - 1
    cuts = np.flatnonzero(gaps >= gutter)
    firsts, lasts = places[np.r_[0, cuts + 1]], places[np.r_[cuts, len(places) - 1]] + 1
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True)), int(gaps[cuts].max(initial=0))


def _trimmed(ink: Mask, box: Box) -> Box:
    left, top, right, bottom = box
    inside = ink[top:bottom, left:right]
    across, down = np.flatnonzero(inside.any(axis=0)), np.flatnonzero(inside.any(axis=1))
    if not len(across):
        return box
    return left + int(across[0]), top + int(down[0]), left + int(across[-1]) + 1, top + int(down[-1]) + 1


def _content(ink: Mask, box: Box) -> Box:
    """Drop the outer parts of a box that hold little ink, until there are none."""
    while True:
        box = _trimmed(ink, box)
        parts, _ = _parts(ink, box, _GUTTERS[-1])
        amounts = [int(np.count_nonzero(ink[top:bottom, left:right])) for left, top, right, bottom in parts]
        first, last, spare = 0, len(parts) - 1, _STRAY * sum(amounts)
        while first < last and min(amounts[first], amounts[last]) <= spare:
            spare -= min(amounts[first], amounts[last])
            first, last = (first + 1, last) if amounts[first] <= amounts[last] else (first, last - 1)
        if (first, last) == (0, len(parts) - 1):
            return box
        box = _around(parts[first : last + 1])


def _around(parts: list[Box]) -> Box:
    return parts[0][0], parts[0][1], parts[-1][2], parts[-1][3]


def _block(box: Box, ink: Mask) -> bool:
    """Return whether a box is as large as a picture may be, and no bar: those touch three sides."""
    left, top, right, bottom = box
    height, width = ink.shape
    narrowest = min((right - left) / width, (bottom - top) / height)
    touched = (left <= 1) + (top <= 1) + (right >= width - 1) + (bottom >= height - 1)
    return narrowest >= _LEAST_SIDE and _LEAST_AREA <= area(box) / ink.size <= _MOST_AREA and touched < _SIDES_OF_A_BAR


def _likelihood(distance: Levels, ink: Mask, box: Box) -> float:
    left, top, right, bottom = box
    uneven = min(unevenness(distance[top:bottom, left:right]), _UNEVEN_ENOUGH)
    return math.sqrt(area(box)) * (uneven * _width_of_rows(ink, box) ** 3) ** 2


def _width_of_rows(ink: Mask, box: Box) -> float:
    """Return the mean width of the rows between narrow gutters, as a share: little above a caption that is wider."""
    left, top, right, bottom = box
    rows, _ = _runs(ink[top:bottom, left:right], 1, _GUTTERS[-1])
    widths = []
    for first, last in rows:
        row = _trimmed(ink, (left, top + first, right, top + last))
        widths.append((row[2] - row[0]) * (last - first))
    return sum(widths) / sum(last - first for first, last in rows) / (right - left)
