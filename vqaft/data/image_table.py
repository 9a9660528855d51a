"""The distinct images behind a list of examples, each read once.

Whether two images that look alike are one picture, saved twice.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vqaft.data.example import VQAExample
from vqaft.errors import ImageError
from vqaft.filesystem import is_url
from vqaft.images import (
    ImageSource,
    InputLimits,
    file_state,
    image_sha256,
    local_source,
    perceptual_hash,
    read_source,
    thumbnail,
)
from vqaft.parallel import ordered_map

_WINDOW = 64
_ACCEPTED = InputLimits()


@dataclass(frozen=True, kw_only=True)
class ImageTable:
    """Distinct images by content, and which of them each example shows.

    Attributes:
        index: For each example, the position of its image in the other fields.
        sha256: The content of each image.
        phash: What each image looks like, 64 bits; 0 where `visible` is false.
        visible: Whether an image could be compared by its looks; false for flat colours, web addresses, or if nobody
            asked.
    """

    index: NDArray[np.int32]
    sha256: tuple[str, ...]
    phash: NDArray[np.uint64]
    visible: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.sha256)

    @classmethod
    def of(cls, examples: Iterable[VQAExample], *, looks: bool = True, workers: int | None = None) -> ImageTable:
        """Read the images of examples, each once, several at a time.

        Args:
            examples: The examples.
            looks: Whether to hash the looks too, for which every image is decoded at small size.
            workers: How many threads; one for each core by default.

        Raises:
            ImageError: If an image cannot be read; it names the example.
        """
        sources, users = _distinct_sources(examples)
        threads = workers or os.cpu_count() or 1
        found = list(ordered_map(partial(_read, looks=looks), sources, workers=threads, window=_WINDOW))
        numbers: dict[str, int] = {}
        first = [numbers.setdefault(sha, len(numbers)) for sha, _ in found]
        phashes = dict(zip(first, (phash for _, phash in found), strict=True))
        ordered = [phashes[number] for number in range(len(numbers))]
        return cls(
            index=np.array(first, dtype=np.int32)[users],
            sha256=tuple(numbers),
            phash=np.array([phash or 0 for phash in ordered], dtype=np.uint64),
            visible=np.array([phash is not None for phash in ordered], dtype=np.bool_),
        )


def _distinct_sources(examples: Iterable[VQAExample]) -> tuple[list[tuple[ImageSource, str]], NDArray[np.int32]]:
    numbers: dict[str | int, int] = {}
    sources: list[tuple[ImageSource, str]] = []
    users: list[int] = []
    for example in examples:
        image = example.image
        number = numbers.setdefault(image if isinstance(image, str) else id(image), len(sources))
        if number == len(sources):
            sources.append((image, example.id))
        users.append(number)
    return sources, np.array(users, dtype=np.int32)


def _read(item: tuple[ImageSource, str], *, looks: bool) -> tuple[str, int | None]:
    source, example_id = item
    try:
        if is_url(source):  # one download for both
            source = read_source(source, _ACCEPTED)
        return image_sha256(source), _phash(source) if looks else None
    except ImageError as error:
        error.example_id = error.example_id or example_id
        raise


def _phash(source: ImageSource) -> int | None:
    image = local_source(source)
    return _file_phash(*file_state(image)) if isinstance(image, str) else perceptual_hash(source)


@lru_cache(maxsize=1 << 18)
def _file_phash(path: str, version: int | str, size: int) -> int | None:  # noqa: ARG001 - they change when the file does
    return perceptual_hash(path)


_SIDE = 128


_LEAST = 0.85


def same_picture(one: ImageSource, other: ImageSource) -> bool:
    """Compare two pictures closely: in colour, at 128 × 128.

    A perceptual hash tells look-alikes apart from others; this tells copies apart from look-alikes. On real receipts,
    copies saved at low quality or at half the size correlate by 0.99 or more, 19 of 20 that are 20 % brighter by 0.90
    or more, and receipts of one shop and form by 0.81 or less (`benchmarks/duplicates_distance.py`).

    Args:
        one: An image.
        other: Another.

    Returns:
        Whether the two correlate by 0.85 or more; False for web addresses.

    Raises:
        ImageError: If an image cannot be read.
    """
    pictures = [thumbnail(source, mode="RGB", side=_SIDE) for source in (one, other)]
    if pictures[0] is None or pictures[1] is None:
        return False
    return correlation(pictures[0], pictures[1]) >= _LEAST


def correlation(one: Image.Image, other: Image.Image) -> float:
    """Correlate two pictures of the same size and mode, over all pixels and channels, without each channel's mean.

    Args:
        one: A picture.
        other: Another.

    Returns:
        From -1 to 1; 1 if both are flat and of the same colour, 0 if only one is flat or the colours differ.
    """
    levels = [np.asarray(picture, dtype=np.float64) for picture in (one, other)]
    first, second = (_centred(level) for level in levels)
    scale = np.sqrt((first**2).sum() * (second**2).sum())
    if scale == 0:
        return float(np.array_equal(levels[0], levels[1]))
    return float((first * second).sum() / scale)


def _centred(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    centred: NDArray[np.float64] = levels - levels.mean(axis=(0, 1))
    return centred
