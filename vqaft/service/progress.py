"""Progress bar of an upload, in bytes; bytes that have to be sent again are subtracted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from vqaft.errors import ServiceError
from vqaft.escape import visible
from vqaft.service.backend import OnBytes

Sent = TypeVar("Sent")


class ByteProgress:
    """Shows how much of a file was sent.

    Args:
        path: The file, for the bar's label.
        size_bytes: Its length.
        enabled: Whether to show anything.
    """

    def __init__(self, path: Path, *, size_bytes: int, enabled: bool) -> None:
        from tqdm.auto import tqdm

        self._lock = threading.Lock()
        self._bar: Any = tqdm(
            total=size_bytes, desc=f"upload {visible(path.name)}", unit="B", unit_scale=True, disable=not enabled
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()

    def advance(self, count: int) -> None:
        """Advance by this many bytes."""
        with self._lock:
            self._bar.update(count)

    def restart(self) -> None:
        """Start again at 0."""
        with self._lock:
            self._bar.reset()

    def counted(self, send: Callable[[OnBytes], Sent]) -> Sent:
        """Send something once; its bytes are subtracted where it fails."""
        sent = 0

        def on_bytes(count: int) -> None:
            nonlocal sent
            sent += count
            self.advance(count)

        try:
            return send(on_bytes)
        except ServiceError:
            self.advance(-sent)
            raise
