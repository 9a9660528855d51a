"""Inputs of the engine: images behind the library's checks, and training files."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from PIL import Image

from vqaft.chat import ChatRecord, numbered_rows
from vqaft.engines.conversation import IMAGE_LIMITS, answered_questions, message_tokens
from vqaft.engines.embedded.image_features import Floats, image_features
from vqaft.errors import ImageError, RecordError
from vqaft.images import ImageEncoder, image_sha256, inspect_data_url

MAX_SIDE = 2048
"""Larger images are shrunk to this many pixels when they are decoded."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """The images of a question whose formats and sizes were checked, not yet decoded.

    Attributes:
        urls: The images as data URLs, at least one.
        key: SHA-256 of the image file, in hexadecimal; of the files' own hashes if there are several.
        size: Width and height in pixels; of several images side by side.
    """

    urls: tuple[str, ...] = field(repr=False)
    key: str
    size: tuple[int, int]

    @classmethod
    def from_urls(cls, urls: Sequence[str]) -> Picture | None:
        """Check data URLs; nothing is downloaded, no file is opened, no pixel decoded. None if there are none.

        Raises:
            ImageError: If one is not a data URL, of a format that the API does not accept, or too large.
        """
        if not urls:
            return None
        sizes = [inspect_data_url(url, IMAGE_LIMITS) for url in urls]
        keys = [image_sha256(url) for url in urls]
        key = keys[0] if len(keys) == 1 else hashlib.sha256("".join(keys).encode()).hexdigest()
        width, height = sum(size.width for size in sizes), max(size.height for size in sizes)
        return cls(urls=tuple(urls), key=key, size=(width, height))

    def open(self) -> Image.Image:
        """Decode the images, upright, in RGB on white, side by side; no side is longer than `MAX_SIDE`.

        Raises:
            ImageError: If one cannot be decoded.
        """
        encoder = ImageEncoder(max_side=MAX_SIDE // len(self.urls), accepted=IMAGE_LIMITS)
        images = [encoder.decode(url) for url in self.urls]
        if len(images) == 1 and images[0].mode == "RGB":
            return images[0]
        size = sum(image.width for image in images), max(image.height for image in images)
        white, left = Image.new("RGB", size, "white"), 0
        for image in images:
            white.paste(image, (left, 0), mask=image.getchannel("A") if "A" in image.getbands() else None)
            left += image.width
        return white


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A question about an image, with its answer; `image` is the key of the image, empty where there is none."""

    image: str
    question: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A training file.

    Attributes:
        pairs: Questions as they were sent, and answers; each once.
        pictures: The images by key.
        tokens: Length of the file in tokens.
    """

    pairs: tuple[Pair, ...]
    pictures: dict[str, Picture] = field(repr=False)
    tokens: int

    @cached_property
    def features(self) -> dict[str, Floats]:
        """Image features by key of the image; the empty key stands for questions without one."""
        keys = sorted({pair.image for pair in self.pairs})
        return {key: image_features(self.pictures[key].open() if key else None) for key in keys}

    @classmethod
    def read(cls, path: Path) -> Dataset:
        """Read a chat JSONL.

        Raises:
            RecordError: If a line is not a row, or an image in it cannot be read; it carries file and line.
        """
        pairs: dict[Pair, None] = {}
        pictures: dict[str, Picture] = {}
        tokens = 0
        for number, record in numbered_rows(path, row=ChatRecord):
            try:
                for question, answer in answered_questions(record.messages):
                    picture = Picture.from_urls(question.image_urls)
                    pictures |= {} if picture is None else {picture.key: picture}
                    pairs[Pair(image=picture.key if picture else "", question=question.text, answer=answer)] = None
                tokens += message_tokens(record.messages)
            except ImageError as error:
                raise RecordError(error.message, path=path, line=number, hint=error.hint) from error
        return cls(pairs=tuple(pairs), pictures=pictures, tokens=tokens)
