"""A file's hash, computed beside the writing and not in front of it."""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Self

_WAITING = 8


class HashingThread:
    """Hashes bytes in a thread of its own: hashing is slower than writing, and another core does it as well.

    What waits is held, not copied; at most eight rows wait.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._waiting: queue.Queue[Iterable[bytes]] = queue.Queue(maxsize=_WAITING)
        self._thread = threading.Thread(target=self._run, name="vqaft-hash", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waiting.put(())
        self._thread.join()

    def update(self, pieces: Iterable[bytes]) -> None:
        """Add bytes, one piece at least; returns before they are hashed."""
        self._waiting.put(pieces)

    def hexdigest(self) -> str:
        """Give the hash of everything; only after the block has ended."""
        return self._digest.hexdigest()

    def _run(self) -> None:
        while pieces := self._waiting.get():
            for piece in pieces:
                self._digest.update(piece)
