"""Images from outside as pictures that are safe to show: pixels alone, encoded again, of bounded size."""

from __future__ import annotations

import threading
from collections import OrderedDict
from os import PathLike

from vqaft.errors import ImageError
from vqaft.images import CHAT_FORMATS, ImageEncoder, ImageSource, image_sha256, sniff, split_page

SIDES = (320, 1600)
"""The longest side in pixels: of a picture on a card, and of one that fills the window."""
MAX_CACHE_BYTES = 48 * 1024 * 1024
MAX_CONCURRENT = 2
"""Images that are decoded at once."""
MIME = "image/webp"


class ThumbnailCache:
    """Makes pictures of image files, and keeps those that were made last.

    Every image is decoded and encoded again as WEBP without metadata, at most as large as asked for.

    Args:
        max_bytes: How much of them is kept.
    """

    def __init__(self, *, max_bytes: int = MAX_CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._decoding = threading.BoundedSemaphore(MAX_CONCURRENT)
        self._pictures: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._size = 0

    def picture(self, content: bytes, *, side: int) -> bytes:
        """Return an image file as a small WEBP file.

        Args:
            content: The image file.
            side: The longest side in pixels, one of `SIDES`.

        Raises:
            ImageError: If it is no image that a chat row may hold, or cannot be decoded.
        """
        if sniff(content) not in CHAT_FORMATS:  # no decoder for other kinds is tried on what came from outside
            raise ImageError("this is no JPEG, PNG, WEBP or GIF image")
        return self.picture_of(content, side=side)

    def picture_of(self, source: ImageSource, *, side: int) -> bytes:
        """Return an image of the user's own, of any kind that vqaft reads, as a small WEBP file.

        Args:
            source: The image; nothing is fetched.
            side: The longest side in pixels.

        Raises:
            ImageError: If it is missing, elsewhere, or cannot be decoded.
        """
        page = split_page(str(source))[1] if isinstance(source, str | PathLike) else None
        key = f"{image_sha256(source)}#{page}", side
        with self._lock:
            if key in self._pictures:
                self._pictures.move_to_end(key)
                return self._pictures[key]
        encoder = ImageEncoder(format="webp", quality=80, max_side=side, pass_through=False)
        with self._decoding:
            made = encoder.encode(source).data
        with self._lock:
            self._keep(key, made)
        return made

    def _keep(self, key: tuple[str, int], made: bytes) -> None:
        if key not in self._pictures:
            self._pictures[key] = made
            self._size += len(made)
        while self._size > self._max_bytes and self._pictures:
            _, old = self._pictures.popitem(last=False)
            self._size -= len(old)
