"""A file's hash, computed beside the writing and not in front of it."""

from __future__ import annotations

import hashlib
import queue
import threading
from types import TracebackType
from typing import Self

_WAITING = 64


class HashingThread:
    """Hashes bytes in a thread of its own: hashing is slower than writing, and another core does it as well.

    Bytes that wait are held, not copied; at most 64 pieces wait.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._pieces: queue.Queue[bytes | None] = queue.Queue(maxsize=_WAITING)
        self._thread = threading.Thread(target=self._run, name="vqaft-hash", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pieces.put(None)
        self._thread.join()

    def update(self, piece: bytes) -> None:
        """Add bytes; returns before they are hashed."""
        self._pieces.put(piece)

    def hexdigest(self) -> str:
        """Give the hash of everything; only after the block has ended."""
        return self._digest.hexdigest()

    def _run(self) -> None:
        while (piece := self._pieces.get()) is not None:
            self._digest.update(piece)
