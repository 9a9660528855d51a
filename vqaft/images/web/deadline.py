"""An end to a download, whatever the other side does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from vqaft.errors import ImageError


class Deadline:
    """Breaks the connection when the time is over: a server may send a byte now and then, for ever.

    Time limits of HTTP clients begin anew with every byte. Used as a context manager.

    Args:
        seconds: How long the whole download may take.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._break)
        self._timer.daemon = True
        self._socket: socket.socket | None = None

    def left_s(self) -> float:
        """Give the seconds that are left.

        Raises:
            ImageError: If there are none.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise ImageError("takes too long to fetch")
        return left

    @property
    def trace(self) -> Callable[[str, dict[str, Any]], None]:
        """What httpx calls, as its extension "trace", whenever a connection gets on."""
        return self._note

    def _note(self, event: str, info: dict[str, Any]) -> None:
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._socket = info["return_value"].get_extra_info("socket")
            self.left_s()

    def _break(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        self._timer.cancel()
