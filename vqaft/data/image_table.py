"""The distinct images behind a list of examples, each read once, and whether two of them are the same picture."""

from __future__ import annotations

import secrets
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
import xxhash
from numpy.typing import NDArray
from PIL import Image

from vqaft.data.example import VQAExample
from vqaft.errors import DataError, ImageError
from vqaft.filesystem import is_url
from vqaft.images import (
    MAX_TRANSFORMED,
    SKETCH_BYTES,
    ImageSource,
    InputLimits,
    connected,
    file_state,
    image_sha256,
    local_source,
    near_pairs,
    perceptual_hash,
    picture_sketch,
    read_source,
    thumbnail,
    transformed_pairs,
)
from vqaft.parallel import adaptive_map, ordered_map, worker_count
from vqaft.typed import typed_call

_WINDOW = 64
_SEED = secrets.randbits(64)
_ACCEPTED = InputLimits()


class ImageHash(NamedTuple):
    """Identity of an image.

    Attributes:
        sha256: The content, 64 hexadecimal digits.
        phash: The perceptual hash, 64 bits; None for flat colors, web addresses, or if not requested.
        sketch: 846 bytes that show whether it is a transformed copy of another; None where `phash` is, or if not
            requested.
    """

    sha256: str
    phash: int | None
    sketch: bytes | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class ImageTable:
    """Distinct images by content, and which of them each example shows.

    Attributes:
        shown: The images of the examples, one example after the other, as positions in the last three fields.
        starts: Where the images of each example begin in `shown`; one more than there are examples.
        sha256: The content of each image.
        phash: The perceptual hash of each image, 64 bits; 0 where `visible` is false.
        visible: Whether an image has a perceptual hash; false for flat colors, web addresses, or with `looks=False`.
        sketches: The sketch of each image, a row of 846 bytes, zeros where there is none; no columns if not wanted.
    """

    shown: NDArray[np.int32]
    starts: NDArray[np.intp]
    sha256: tuple[str, ...]
    phash: NDArray[np.uint64]
    visible: NDArray[np.bool_]
    sketches: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.sha256)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ImageTable):
            return NotImplemented
        pairs = [
            (getattr(self, name), getattr(other, name)) for name in ("shown", "starts", "phash", "visible", "sketches")
        ]
        return self.sha256 == other.sha256 and all(np.array_equal(mine, theirs) for mine, theirs in pairs)

    def __hash__(self) -> int:
        return hash((self.sha256, self.starts.tobytes()))

    @property
    def first(self) -> NDArray[np.int32]:
        """The first image of each example."""
        return self.shown[self.starts[:-1]]

    @property
    def owner(self) -> NDArray[np.intp]:
        """The example of each entry of `shown`."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def of_example(self, number: int) -> tuple[int, ...]:
        """Return the images of an example, in its order."""
        return tuple(self.shown[self.starts[number] : self.starts[number + 1]].tolist())

    def look_groups(self, distance: int | None) -> NDArray[np.intp]:
        """Number the images so that those that look alike, directly or through others, have the same number.

        Args:
            distance: How many of 64 bits may differ between images that look alike; None to compare contents only.
        """
        if distance is None:
            return np.arange(len(self), dtype=np.intp)
        seen = np.flatnonzero(self.visible)
        left, right = near_pairs(self.phash[seen], distance=distance)
        return connected(len(self), seen[left], seen[right])

    def transformed_pairs(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Find the images that are cropped, mirrored, turned or bordered copies, or screenshots, of others.

        Raises:
            DataError: If there are more images than are compared in reasonable time, or they have no sketches.
        """
        seen = np.flatnonzero(self.visible)
        if len(seen) > MAX_TRANSFORMED:
            hint = "Compare parts of the data, or leave transformed copies out with transformed=False."
            raise DataError(f"{len(seen)} images are more than the {MAX_TRANSFORMED} that are compared", hint=hint)
        if not len(seen):
            return seen, seen
        if not self.sketches[seen].any(axis=1).all():
            raise DataError("the table of images has no sketches", hint="Make it with transformed=True.")
        left, right = transformed_pairs(self.sketches[seen])
        return seen[left], seen[right]

    @classmethod
    def of(
        cls,
        examples: Iterable[VQAExample],
        *,
        looks: bool = True,
        transformed: bool = False,
        max_workers: int | None = None,
        hash_all: Callable[[Sequence[tuple[ImageSource, str]]], Iterable[ImageHash]] | None = None,
    ) -> ImageTable:
        """Read the images of examples, each once, several concurrently.

        Args:
            examples: The examples.
            looks: Whether to compute perceptual hashes too, for which every image is decoded at small size.
            transformed: Whether to compute sketches too, which takes several times as long; needs `looks`.
            max_workers: How many threads; as many as there are processors if None.
            hash_all: Hashes the distinct images elsewhere, e.g. on a cluster: images with the id of an example that
                shows them, to hashes in the same order, as `hash_image` makes them. By threads here where None.

        Raises:
            DataError: If `hash_all` returns another number of hashes.
            ImageError: If an image cannot be read; it names the example.
        """
        sources, users, counts = _distinct_sources(examples)
        threads = worker_count(max_workers)
        by_threads = partial(_hash_all, looks=looks, transformed=transformed, threads=threads)
        found = list((hash_all or by_threads)(sources))
        if len(found) != len(sources):
            raise DataError(f"{len(found)} hashes for {len(sources)} images")
        numbers: dict[str, int] = {}
        first = [numbers.setdefault(image.sha256, len(numbers)) for image in found]
        by_number = dict(zip(first, found, strict=True))
        ordered = [by_number[number] for number in range(len(numbers))]
        width = SKETCH_BYTES if any(image.sketch for image in ordered) else 0
        sketches = b"".join(image.sketch or bytes(width) for image in ordered)
        return cls(
            shown=np.array(first, dtype=np.int32)[users],
            starts=np.concatenate([[0], np.cumsum(counts, dtype=np.intp)]),
            sha256=tuple(numbers),
            phash=np.array([image.phash or 0 for image in ordered], dtype=np.uint64),
            visible=np.array([image.phash is not None for image in ordered], dtype=np.bool_),
            sketches=np.frombuffer(sketches, dtype=np.uint8).reshape(len(ordered), width),
        )


def _distinct_sources(
    examples: Iterable[VQAExample],
) -> tuple[list[tuple[ImageSource, str]], NDArray[np.int32], array[int]]:
    numbers: dict[str | int, int] = {}
    sources: list[tuple[ImageSource, str]] = []
    users, counts = array("i"), array("q")
    for example in examples:
        counts.append(len(example.images))
        for image in example.images:
            number = numbers.setdefault(image if isinstance(image, str) else id(image), len(sources))
            if number == len(sources):
                sources.append((image, example.id))
            users.append(number)
    return sources, np.array(users, dtype=np.int32), counts


def _hash_all(
    sources: Sequence[tuple[ImageSource, str]], *, looks: bool, transformed: bool, threads: int
) -> list[ImageHash]:
    """Hash images by threads; equal contents are hashed and decoded once."""
    places: list[int] = []
    hash_one = partial(hash_image, looks=looks, transformed=transformed)
    in_order = ordered_map if looks else adaptive_map  # decoding gains by threads, however short it is
    found = list(in_order(hash_one, _new_contents(sources, places), max_workers=threads, window=_WINDOW))
    return [found[place] for place in places]


def _new_contents(sources: Iterable[tuple[ImageSource, str]], places: list[int]) -> Iterator[tuple[ImageSource, str]]:
    """Yield the images that no earlier one equals; `places` gets, for each image, the number of the yielded one."""
    known: dict[bytes, int] = {}
    count = 0
    for source, example_id in sources:
        key, image = None, source
        if not isinstance(source, str):  # each path is its own, and has a cache
            with _naming(example_id):
                content = local_source(source)
            if isinstance(content, bytes):
                # A twentieth of the time of SHA-256; the seed keeps anyone from preparing two images with one key.
                key, image = xxhash.xxh3_128_digest(content, seed=_SEED), content
        places.append(count if key is None else known.setdefault(key, count))
        if places[-1] == count:
            count += 1
            yield image, example_id


def hash_image(item: tuple[ImageSource, str], *, looks: bool = True, transformed: bool = False) -> ImageHash:
    """Hash one image.

    Args:
        item: The image, and the id of an example that shows it.
        looks: Whether to compute the perceptual hash too.
        transformed: Whether to compute the sketch too; needs `looks`.

    Raises:
        ImageError: If the image cannot be read; it names the example.
    """
    source, example_id = item
    with _naming(example_id):
        if is_url(source):  # one download for both
            source = read_source(source, _ACCEPTED)
        return ImageHash(image_sha256(source), *(_look(source, transformed=transformed) if looks else (None, None)))


@contextmanager
def _naming(example_id: str) -> Iterator[None]:
    """Name the example in an error about its image."""
    try:
        yield
    except ImageError as error:
        error.example_id = error.example_id or example_id
        raise


def _look(source: ImageSource, *, transformed: bool) -> tuple[int | None, bytes | None]:
    image = local_source(source)
    if isinstance(image, str):
        state = file_state(image)
        phash = _look_at_file(*state)
        return phash, _sketch_file(*state) if transformed and phash is not None else None
    phash = perceptual_hash(source)
    return phash, picture_sketch(source) if transformed and phash is not None else None


@lru_cache(maxsize=1 << 18)
def _look_at_file(path: str, version: int | str, size: int) -> int | None:  # noqa: ARG001 - change with it
    return perceptual_hash(path)


@lru_cache(maxsize=1 << 12)
def _sketch_file(path: str, version: int | str, size: int) -> bytes | None:  # noqa: ARG001 - change with it
    return picture_sketch(path)


@typed_call
def without_images_of(examples: Iterable[VQAExample], shown: Iterable[VQAExample]) -> Iterator[VQAExample]:
    """Yield the examples that show none of the images of some other examples, e.g. of few-shot examples.

    Args:
        examples: What to train or to ask on.
        shown: The examples whose images give answers away.

    Raises:
        ImageError: If an image cannot be read.
    """
    contents = {image_sha256(image) for example in shown for image in example.images}
    for example in examples:
        if contents.isdisjoint(map(image_sha256, example.images)):
            yield example


_SIDE = 128
_LEAST = 0.85


def same_picture(one: ImageSource, other: ImageSource) -> bool:
    """Compare two pictures closely: in color, at 128 × 128.

    A perceptual hash finds look-alikes; this distinguishes copies from other look-alikes. On real receipts,
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
        From -1 to 1; 1 if both are flat and of the same color, 0 if only one is flat or the colors differ.
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
