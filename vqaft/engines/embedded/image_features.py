"""Image features: color, layout and shape statistics of an image as one vector, independent of any domain.

The image is shrunk and segmented into background (its most frequent color and what is close to it) and foreground
(Otsu's threshold, 1979, on the distance to the background); the largest connected foreground component is measured by
itself. The result is a few blocks of numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MAX_SIDE, MIN_SIDE = 96, 8
"""Sides of the working copy in pixels: longer images are shrunk, very flat ones stretched."""

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

BLOCKS = {"color": 8, "lattice": 27, "palette": 70, "outline": 41, "layout": 64, "edges": 144}
"""The blocks of the feature vector, and how many numbers each has."""
WEIGHTS = np.concatenate([np.full(length, length**-0.5) for length in BLOCKS.values()])
"""Factors for standardized features, by which each block counts the same."""


def image_features(image: Image.Image | None) -> Floats:
    """Compute the features of an image.

    Args:
        image: An RGB image; None stands for a question without one.

    Returns:
        The feature vector; its length is the same for all images.
    """
    image = image or Image.new("RGB", (MIN_SIDE, MIN_SIDE), "white")
    pixels = np.asarray(_shrunk(image), dtype=np.float64) / 255.0
    distance = _background_distance(pixels)
    component = _largest_component(distance > _otsu(distance))
    color, gray = _mean_color(pixels, component), pixels.mean(2)
    blocks = [
        color,
        _lattice_proximity(color[:3]),
        np.concatenate([pixels.mean((0, 1)), pixels.std((0, 1)), _color_histogram(pixels)]),
        _outline(component),
        _pooled(gray, 8).ravel(),
        _edges(gray),
    ]
    return np.concatenate(blocks)


def _shrunk(image: Image.Image) -> Image.Image:
    scale = min(1.0, MAX_SIDE / max(image.size))
    width, height = (max(MIN_SIDE, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BOX, reducing_gap=2.0)


def _background_distance(pixels: Floats) -> Floats:
    """Compute each pixel's distance to the most frequent color (by cells of 1/8 of a channel's range)."""
    cells = np.minimum((pixels * 8).astype(int), 7) @ np.array([64, 8, 1])
    color = pixels[cells == np.bincount(cells.ravel()).argmax()].mean(0)
    distance: Floats = np.sqrt(((pixels - color) ** 2).sum(2))
    return distance


def _otsu(values: Floats) -> float:
    """Compute the threshold with the greatest variance between the two groups that it makes."""
    counts, edges = np.histogram(values, bins=64)
    centers = (edges[:-1] + edges[1:]) / 2
    below = counts.cumsum().astype(np.float64)
    above = below[-1] - below
    total = (counts * centers).cumsum()
    with np.errstate(divide="ignore", invalid="ignore"):
        between = below * above * (total / below - (total[-1] - total) / above) ** 2
    return float(edges[1 + int(np.nan_to_num(between).argmax())])


def _largest_component(foreground: Mask) -> Mask:
    from scipy import ndimage

    labels, count = ndimage.label(foreground, structure=np.ones((3, 3)))
    if not count:
        return np.ones_like(foreground)
    sizes = np.bincount(labels.ravel())
    largest: Mask = labels == 1 + sizes[1:].argmax()
    return largest


def _mean_color(pixels: Floats, component: Mask) -> Floats:
    """Compute the mean color inside a component: as RGB, free of brightness, and its brightness and saturation."""
    from scipy import ndimage

    inside = ndimage.binary_erosion(component)
    color = pixels[inside if inside.any() else component].mean(0)
    brightest = max(float(color.max()), 1e-3)
    return np.concatenate([color, color - color.mean(), [brightest, (brightest - color.min()) / brightest]])


def _lattice_proximity(color: Floats) -> Floats:
    """Compute how near a color is to each point of a 3 × 3 × 3 lattice in the RGB cube."""
    axis = np.linspace(0.0, 1.0, 3)
    lattice = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    near: Floats = np.exp(-((lattice - color) ** 2).sum(1) / 0.1)
    return near


def _color_histogram(pixels: Floats) -> Floats:
    cells = np.minimum((pixels * 4).astype(int), 3) @ np.array([16, 4, 1])
    share: Floats = np.bincount(cells.ravel(), minlength=64) / cells.size
    return np.sqrt(share)


def _outline(component: Mask) -> Floats:
    """Crop a component to its bounding box and pool it to 6 × 6 cells; add where the box lies."""
    rows, columns = np.flatnonzero(component.any(1)), np.flatnonzero(component.any(0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    cells = _pooled(component[top:bottom, left:right].astype(np.float64), 6).ravel()
    height, width = component.shape
    return np.concatenate([cells, [top / height, bottom / height, left / width, right / width, component.mean()]])


def _pooled(plane: Floats, cells: int) -> Floats:
    image = Image.fromarray(plane.astype(np.float32))
    return np.asarray(image.resize((cells, cells), Image.Resampling.BOX), dtype=np.float64)


def _edges(gray: Floats) -> Floats:
    """Compute histograms of gradient orientation (8 bins, unsigned) in 4 × 4 cells, and the contrast of each cell."""
    down, across = np.gradient(gray)
    strength = np.hypot(down, across)
    orientation = (np.arctan2(down, across) % np.pi) / np.pi * 8
    planes = [_pooled(np.where(orientation.astype(int) % 8 == k, strength, 0.0), 4) for k in range(8)]
    cells = np.stack(planes).reshape(8, 16)
    total = cells.sum(0)
    return np.concatenate([(cells / (total + 0.02)).ravel(), np.sqrt(total)])
