"""What the embedded engine sees in an image: colour, layout and shape statistics, as one vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MAX_SIDE = 96
"""Longer images are shrunk to this many pixels first."""
LEAST_SIDE = 8
"""Sides are stretched to this many pixels at least."""

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def image_features(image: Image.Image | None) -> dict[str, Floats]:
    """Describe an image by numbers that do not depend on any domain.

    The image is parted into ground (its most frequent colour and what is near to it) and figure (what is far from
    it, by Otsu's threshold, 1979), and the largest connected figure is measured by itself.

    Args:
        image: The image; None stands for a question without one.

    Returns:
        The blocks of the description by name, each a flat vector whose length is the same for all images.
    """
    small = _shrunk(image or Image.new("RGB", (8, 8), "white"))
    pixels = np.asarray(small, dtype=np.float64) / 255.0
    ground, distance = _ground(pixels)
    figure = distance > _otsu(distance)
    largest, parts = _largest_part(figure)
    size = np.array([1.0, 1.0] if image is None else image.size, dtype=np.float64)
    return {
        "size": np.array([np.log(size[0]), np.log(size[1]), np.log(size[0] / size[1])]),
        "ground": ground,
        "figure": _mean_colour(pixels, largest),
        "hue": _nearness(_mean_colour(pixels, largest)[:3]),
        "colour": np.concatenate([pixels.mean((0, 1)), pixels.std((0, 1)), _colour_histogram(pixels)]),
        "place": _place(largest, figure, parts),
        "form": _form(largest),
        "outline": _outline(largest),
        "layout": _pooled(pixels.mean(2), 8).ravel(),
        "edges": _edges(pixels.mean(2)),
    }


def _shrunk(image: Image.Image) -> Image.Image:
    image = image.convert("RGB")
    scale = min(1.0, MAX_SIDE / max(image.size))
    width, height = (max(LEAST_SIDE, round(side * scale)) for side in image.size)
    if (width, height) == image.size:
        return image
    return image.resize((width, height), Image.Resampling.BOX, reducing_gap=2.0)


def _ground(pixels: Floats) -> tuple[Floats, Floats]:
    """The most frequent colour (by cells of 1/8 of a channel's range) and each pixel's distance to it."""
    cells = np.minimum((pixels * 8).astype(int), 7) @ np.array([64, 8, 1])
    color = pixels[cells == np.bincount(cells.ravel()).argmax()].mean(0)
    return color, np.sqrt(((pixels - color) ** 2).sum(2))


def _otsu(values: Floats) -> float:
    """The threshold that parts values into two groups with the greatest variance between them."""
    counts, edges = np.histogram(values, bins=64)
    centres = (edges[:-1] + edges[1:]) / 2
    below = counts.cumsum().astype(np.float64)
    above = below[-1] - below
    total = (counts * centres).cumsum()
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (total / below - (total[-1] - total) / above) ** 2
    return float(edges[1 + int(np.nan_to_num(between).argmax())])


def _largest_part(figure: Mask) -> tuple[Mask, int]:
    from scipy import ndimage

    labels, count = ndimage.label(figure, structure=np.ones((3, 3)))
    if not count:
        return np.ones_like(figure), 0
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return labels == sizes.argmax(), int((sizes >= 4).sum())  # noqa: PLR2004 - specks do not count


def _mean_colour(pixels: Floats, part: Mask) -> Floats:
    """Mean colour of a part's inside, in RGB and as ratios free of brightness."""
    from scipy import ndimage

    inside = ndimage.binary_erosion(part)
    color = pixels[inside if inside.any() else part].mean(0)
    brightest = max(float(color.max()), 1e-3)
    return np.concatenate([color, color - color.mean(), [brightest, (brightest - color.min()) / brightest]])


def _nearness(color: Floats) -> Floats:
    """How near a colour is to each corner, middle of an edge, of a face and of the body of the RGB cube."""
    axis = np.linspace(0.0, 1.0, 3)
    lattice = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    near: Floats = np.exp(-((lattice - color) ** 2).sum(1) / 0.1)
    return near


def _colour_histogram(pixels: Floats) -> Floats:
    cells = np.minimum((pixels * 4).astype(int), 3) @ np.array([16, 4, 1])
    share: Floats = np.bincount(cells.ravel(), minlength=64) / cells.size
    return np.sqrt(share)


def _box(part: Mask) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(part.any(1)), np.flatnonzero(part.any(0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def _place(part: Mask, figure: Mask, parts: int) -> Floats:
    height, width = part.shape
    top, bottom, left, right = _box(part)
    box = np.array([top / height, bottom / height, left / width, right / width])
    return np.concatenate([box, [part.mean(), figure.mean(), np.log1p(parts)]])


def _form(part: Mask) -> Floats:
    """Measures of a part's shape that do not depend on where it lies or how large it is."""
    top, bottom, left, right = _box(part)
    rows, columns = np.nonzero(part)
    area = float(rows.size)
    y, x = rows - rows.mean(), columns - columns.mean()
    moments = {(p, q): float((x**p * y**q).sum()) / area ** (1 + (p + q) / 2) for p in range(4) for q in range(4 - p)}
    extent = area / ((bottom - top) * (right - left))
    lean = [moments[key] for key in ((1, 1), (3, 0), (0, 3), (2, 1), (1, 2))]
    spread = moments[2, 0] + moments[0, 2]
    return np.array(
        [extent, np.log((bottom - top) / (right - left)), spread, *np.multiply(lean, 4.0), _roughness(part)]
    )


def _roughness(part: Mask) -> float:
    """Boundary pixels by the square root of the area: 3.5 for a disc, more for ragged parts."""
    from scipy import ndimage

    boundary = part & ~ndimage.binary_erosion(part)
    return float(np.log(boundary.sum() / np.sqrt(part.sum())))


def _outline(part: Mask) -> Floats:
    """The part cut out along its box and pooled to 6 × 6: how full each cell is."""
    top, bottom, left, right = _box(part)
    return _pooled(part[top:bottom, left:right].astype(np.float64), 6).ravel()


def _pooled(plane: Floats, cells: int) -> Floats:
    image = Image.fromarray(plane.astype(np.float32))
    return np.asarray(image.resize((cells, cells), Image.Resampling.BOX), dtype=np.float64)


def _edges(plane: Floats) -> Floats:
    """Histograms of gradient directions (8, unsigned) in 4 × 4 cells, and each cell's contrast."""
    down, across = np.gradient(plane)
    strength = np.hypot(down, across)
    direction = (np.arctan2(down, across) % np.pi) / np.pi * 8
    planes = [_pooled(np.where(direction.astype(int) % 8 == k, strength, 0.0), 4) for k in range(8)]
    cells = np.stack(planes).reshape(8, 16)
    total = cells.sum(0)
    return np.concatenate([(cells / (total + 0.02)).ravel(), np.sqrt(total)])
