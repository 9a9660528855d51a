"""A training file, read: pairs, pictures, and what is seen in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vqaft.engines.embedded.image_features import image_features
from vqaft.engines.embedded.lines import Line
from vqaft.engines.embedded.pairs import Pair, read_rows
from vqaft.engines.embedded.pictures import Picture
from vqaft.engines.embedded.ranker import stands_in
from vqaft.engines.embedded.reading import Reader

SAMPLE = 16
"""Images that are read to find out whether text helps."""
LEAST_SHARE = 0.05
"""The share of the sample's pairs whose answer must stand in the image for all images to be read."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a chat JSONL holds.

    Attributes:
        pairs: Questions as they were sent, and answers; each once.
        pictures: Images by key.
        features: Image features by key; the empty key stands for a question without an image.
        tokens: Length of the file in tokens, by the engine's stated count.
    """

    pairs: tuple[Pair, ...]
    pictures: Mapping[str, Picture] = field(repr=False)
    features: Mapping[str, Mapping[str, Floats]] = field(repr=False)
    tokens: int


def gather(path: Path) -> Material:
    """Read a training file.

    Args:
        path: Chat JSONL.

    Raises:
        RecordError: If a line is no row, or an image in it cannot be read; it carries file and line.
    """
    pairs: dict[Pair, None] = {}
    pictures: dict[str, Picture] = {}
    tokens = 0
    for row in read_rows(path):
        pairs |= dict.fromkeys(row.pairs)
        pictures |= row.pictures
        tokens += row.tokens
    features = {key: _seen(pictures.get(key)) for key in sorted({pair.image for pair in pairs})}
    return Material(pairs=tuple(pairs), pictures=pictures, features=features, tokens=tokens)


def _seen(picture: Picture | None) -> Mapping[str, Floats]:
    return image_features(None if picture is None else picture.open())


def read_text(material: Material, reader: Reader) -> dict[str, tuple[Line, ...]]:
    """Read the text in all images.

    Returns:
        Lines by key of the image; none for the empty key.

    Raises:
        ImageError: If an image cannot be decoded.
    """
    return {key: _lines(material, key, reader) for key in material.features}


def text_helps(material: Material, reader: Reader, *, seed: int) -> bool:
    """Find out on a sample of the images whether answers stand in them, before all are read.

    Args:
        material: The training file.
        reader: Reads text.
        seed: Draws the sample.
    """
    keys = sorted(material.features)
    sample = np.random.default_rng(seed).permutation(len(keys))[:SAMPLE]
    lines = {keys[number]: _lines(material, keys[number], reader) for number in sample}
    found = [stands_in(lines[pair.image], pair.answer) for pair in material.pairs if pair.image in lines]
    return bool(found) and sum(found) >= LEAST_SHARE * len(found)


def _lines(material: Material, key: str, reader: Reader) -> tuple[Line, ...]:
    return reader.read(material.pictures[key]) if key in material.pictures else ()
