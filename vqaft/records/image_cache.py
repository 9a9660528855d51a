"""Every image encoded once, however many rows show it."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from os import PathLike, fspath
from typing import Any, TypeAlias

from PIL import Image

from vqaft.errors import ImageError
from vqaft.filesystem import is_url
from vqaft.images import EncodedImage, ImageEncoder, ImageSource, file_state, image_sha256, is_web_address

Edit: TypeAlias = Callable[[Image.Image], Image.Image]

_ORIENTATION = 0x0112
_WARM_BYTES = 1_000_000


class EncodedImageCache:
    """Remembers encoded images, the latest used first, within a budget of memory. Threads may share it.

    The base64 of the latest ones alone is remembered with them: fresh memory costs more time than making it again.

    Args:
        max_bytes: The most bytes of image files to remember; what exceeds it is encoded anew when it is asked for.
    """

    def __init__(self, *, max_bytes: int = 64_000_000) -> None:
        self._max_bytes = max_bytes
        self._warm: OrderedDict[Hashable, EncodedImage] = OrderedDict()
        self._warm_bytes = 0
        self._lock = threading.Lock()
        # A future takes more memory than a small image: it stands there only while the image is encoded.
        self._images: OrderedDict[Hashable, EncodedImage | Future[EncodedImage]] = OrderedDict()
        self._size_bytes = 0

    def encode(
        self, encoder: ImageEncoder, source: ImageSource, *, edit: Edit | None = None, seen: SeenFiles | None = None
    ) -> EncodedImage:
        """Encode an image, or return what was encoded before; if several threads ask concurrently, one encodes.

        Args:
            encoder: Always the same one.
            source: The image.
            edit: Hashable function of upright pixels → pixels that is applied first; None for none.
            seen: The files that were looked at already for the row or rows that are built.

        Raises:
            ImageError: If the image is missing, unreadable or unsafe.
        """
        seen = seen or SeenFiles()
        key = seen.key(source) if edit is None else (seen.key(source), edit)
        with self._lock:
            known = self._images.get(key)
            if known is None:
                begun = self._images[key] = Future[EncodedImage]()
            else:
                self._images.move_to_end(key)
        if known is None:
            make = partial(encoder.encode, source) if edit is None else partial(encoder.encode_edited, source, edit)
            image = self._make(begun, key, make)
        else:
            image = known if isinstance(known, EncodedImage) else known.result()
        with self._lock:
            self._keep_warm(key, image)
        return image

    def ready(self, encoder: ImageEncoder, source: ImageSource, *, seen: SeenFiles) -> bool:
        """Return whether an image is remembered, or passes through and is remembered now; none is encoded.

        Args:
            encoder: Always the same one.
            source: The image.
            seen: The files that were looked at already for the rows that are built.
        """
        with suppress(ImageError):
            key = seen.key(source)
            with self._lock:
                if key in self._images:
                    return isinstance(self._images[key], EncodedImage)
            image = encoder.passed_through(source)
            if image is not None:
                with self._lock:
                    self._keep(key, image)
                return True
        return False

    def _make(self, future: Future[EncodedImage], key: Hashable, encode: Callable[[], EncodedImage]) -> EncodedImage:
        try:
            image = encode()
        except BaseException as error:
            with self._lock:
                del self._images[key]
            future.set_exception(error)
            raise
        future.set_result(image)
        with self._lock:
            self._images[key] = image
            self._size_bytes += image.size_bytes
            self._forget_oldest()
        return image

    def _keep(self, key: Hashable, image: EncodedImage) -> None:
        if key not in self._images:
            self._images[key] = image
            self._size_bytes += image.size_bytes
            self._forget_oldest()

    def _keep_warm(self, key: Hashable, image: EncodedImage) -> None:
        if key in self._warm:
            self._warm.move_to_end(key)
            return
        self._warm[key] = image
        self._warm_bytes += image.size_bytes
        while self._warm_bytes > _WARM_BYTES and len(self._warm) > 1:
            key, image = self._warm.popitem(last=False)
            self._warm_bytes -= image.size_bytes
            if key in self._images:
                # Without the base64 that the old object has cached.
                self._images[key] = replace(image)

    def _forget_oldest(self) -> None:
        while self._size_bytes > self._max_bytes and len(self._images) > 1:
            key, oldest = next(iter(self._images.items()))
            if not isinstance(oldest, EncodedImage):
                return
            del self._images[key]
            self._size_bytes -= oldest.size_bytes

    def __reduce__(self) -> tuple[Any, ...]:
        # What is remembered stays here: another process encodes what it needs itself.
        return _empty, (self._max_bytes,)


def _empty(max_bytes: int) -> EncodedImageCache:
    return EncodedImageCache(max_bytes=max_bytes)


class SeenFiles:
    """What was asked of the disk about the images of a few rows: each file once, however many of them show it.

    A file that changes while those rows are built is shown as it was found first.
    """

    def __init__(self) -> None:
        self._keys: dict[str, Hashable] = {}
        self._sha256: dict[str, str] = {}

    def key(self, source: ImageSource) -> Hashable:
        """Return `image_key`.

        Raises:
            ImageError: If a file is not there.
        """
        if not isinstance(source, str):
            return image_key(source)
        if source not in self._keys:
            self._keys[source] = image_key(source)
        return self._keys[source]

    def sha256(self, source: ImageSource) -> str:
        """Return `image_sha256`.

        Raises:
            ImageError: If a file cannot be read.
        """
        if not isinstance(source, str):
            return image_sha256(source)
        if source not in self._sha256:
            self._sha256[source] = image_sha256(source)
        return self._sha256[source]


def image_key(source: ImageSource) -> Hashable:
    """Return a key that identifies an image: cheap for files and bytes, by the pixels for what has no bytes.

    Args:
        source: The image.

    Raises:
        ImageError: If a file is not there.
    """
    if isinstance(source, bytes):
        return source
    if isinstance(source, str | PathLike):
        return _path_key(fspath(source))
    if isinstance(source, Image.Image):
        # The same pixels can be shown turned, or in other colors.
        return image_sha256(source), source.getexif().get(_ORIENTATION), source.info.get("icc_profile")
    return image_sha256(source)


def _path_key(path: str) -> Hashable:
    if path.startswith("data:") or is_web_address(path):
        return path
    if is_url(path):
        return file_state(path)
    try:
        facts = os.stat(path)  # noqa: PTH116 - asked for every row, and ten times as fast
    except (OSError, ValueError):
        return file_state(path)  # which says what is wrong
    return path, facts.st_mtime_ns, facts.st_size
