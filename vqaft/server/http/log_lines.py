"""The server's log: one line a record, free of control characters, and bounded in size.

Whoever can connect can cause log records. Each place of the program logs at most `RECORDS_A_MINUTE`; how many were left
out is said with the next one. What is not printable is written as an escape, and tracebacks are indented, so that no
client can forge a line or reach the terminal.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator

from vqaft.escape import visible

RECORDS_A_MINUTE = 10
MAX_TEXT = 2_000
MAX_TRACEBACK = 8_000
_MINUTE_S = 60.0


@contextlib.contextmanager
def server_log() -> Iterator[None]:
    """Write what is logged in a block to standard error; see the module."""
    handler = logging.StreamHandler()
    handler.setFormatter(EscapingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(RateLimit())
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)


class RateLimit(logging.Filter):
    """Drop the records of a place in the program that exceed `RECORDS_A_MINUTE`.

    Args:
        clock: Returns seconds; monotonic.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._windows: dict[tuple[str, int], _Window] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write the record; add how many before it were dropped."""
        window = self._windows.setdefault((record.pathname, record.lineno), _Window())
        now = self._clock()
        if now - window.began_s >= _MINUTE_S:
            if window.dropped:
                record.msg, record.args = f"{record.getMessage()} ({window.dropped} more of these before)", ()
            window.began_s, window.written, window.dropped = now, 0, 0
        if window.written >= RECORDS_A_MINUTE:
            window.dropped += 1
            return False
        window.written += 1
        return True


class _Window:
    """What a place logged in the current minute."""

    def __init__(self) -> None:
        self.began_s, self.written, self.dropped = float("-inf"), 0, 0


class EscapingFormatter(logging.Formatter):
    """Format a record as one line of printable characters, its traceback indented below it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line."""
        return visible(super().formatMessage(record), limit=MAX_TEXT)

    def formatException(self, ei: object) -> str:  # noqa: N802 - logging's name
        """Return the traceback, its end where it is long."""
        text = super().formatException(ei)  # type: ignore[arg-type]  # logging's own argument
        cut = text if len(text) <= MAX_TRACEBACK else "…" + text[-MAX_TRACEBACK:]
        return "\n".join("    " + visible(line) for line in cut.splitlines())
