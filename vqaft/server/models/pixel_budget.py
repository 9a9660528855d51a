"""A bound on the pixels that are decoded concurrently, which bounds memory whatever images the requests bring."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

PIXELS_AT_ONCE = 40_000_000
"""About 300 MB, decoded and copied once."""


class PixelBudget:
    """A bound on the pixels that are decoded concurrently. Thread-safe.

    Args:
        pixels: The bound; a request that exceeds it alone is served alone.
    """

    def __init__(self, pixels: int = PIXELS_AT_ONCE) -> None:
        self._most = pixels
        self._used = 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def reserved(self, pixels: int) -> Iterator[None]:
        """Wait until this many pixels may be decoded, and reserve them for the block; none need no waiting."""
        with self._changed:
            self._changed.wait_for(lambda: not pixels or not self._used or self._used + pixels <= self._most)
            self._used += pixels
        try:
            yield
        finally:
            with self._changed:
                self._used -= pixels
                self._changed.notify_all()
