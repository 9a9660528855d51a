"""The server's process: engines, socket, log and signals, until it is stopped.

Whoever can connect can cause log records. Each place of the program logs at most `RECORDS_A_MINUTE`; how many were left
out is said with the next one. A record is one line: what is not printable is written as an escape, and tracebacks are
indented, so that no client can forge a line or reach the terminal.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path

from starlette.types import ASGIApp

from vqaft.durable import FileLock
from vqaft.engines import JUDGE_MODEL, EmbeddedEngine, Engine, SimilarityJudge
from vqaft.errors import DataError, StateError
from vqaft.escape import visible
from vqaft.server.app import Served, create_app
from vqaft.server.http.connections import HTTPServer
from vqaft.server.open_weights import BASE_MODEL
from vqaft.server.store.state import State

MAX_PORT = 65535
FORCED_EXIT_S = 15.0
"""Seconds from the order to stop until the process is ended whatever it is doing; state is durable at any moment."""
LOG = logging.getLogger(__name__)


def serve(
    folder: Path,
    *,
    api_key: str,
    host: str = "127.0.0.1",
    port: int = 8000,
    on_ready: Callable[[str], None] = print,
    until_input_ends: bool = False,
    engines: Mapping[str, Engine] | None = None,
    wrap: Callable[[Served], ASGIApp] = lambda served: served.app,
) -> None:
    """Serve until interrupted. For a process of its own: it sets the process's umask and log.

    Args:
        folder: Where files, jobs and models are kept; readable by its owner alone.
        api_key: The token that requests must bear; printable ASCII without spaces, as HTTP requires.
        host: The name or address to listen on; other machines reach the server only if it is not a loopback address.
        port: The port to listen on; 0 chooses a free one.
        on_ready: Called with the base URL once requests are accepted.
        until_input_ends: Stop when standard input ends, as it does when the process that started this one dies.
        engines: What else trains and answers, by the name of its base model, e.g. what `open_engines` returns.
        wrap: Returns the application that the socket serves, e.g. one with pages in front of the API.

    Raises:
        DataError: If the key or the host cannot be used.
        StateError: If the port is taken, or the folder cannot be used.
    """
    if not (api_key and api_key.isascii() and api_key.isprintable() and " " not in api_key):
        raise DataError("the server's key must be printable ASCII without spaces")
    os.umask(0o077)
    with server_log(), _listener(folder, host, port) as listener:
        address, taken = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        state = State(folder)
        # A server that listens on all addresses is called by names that only its users know.
        hosts = None if ip_address(address).is_unspecified else {"127.0.0.1", "localhost", "[::1]", shown.lower()}
        app = create_app(
            state,
            api_key=api_key,
            engines={BASE_MODEL: EmbeddedEngine(cache_folder=folder / "read"), **(engines or {})},
            judges={JUDGE_MODEL: SimilarityJudge()},
            hosts=hosts,
        )
        server = HTTPServer(wrap(Served(app=app, state=state, api_key=api_key, hosts=hosts)))
        if until_input_ends:
            threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
        on_ready(f"http://{shown}:{taken}/v1")
        _run(server, listener)


def _listener(folder: Path, host: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except StateError:
        lock = folder / "server.lock"
        if lock.exists():  # the folder's own server has the port: the lock says which process that is
            with FileLock(lock):
                pass
        raise


def _run(server: HTTPServer, listener: socket.socket) -> None:
    stopped = threading.Event()

    def force() -> None:
        server.stopping.wait()
        if not stopped.wait(FORCED_EXIT_S):
            LOG.warning("a request or a batch did not end in %.0f s; the process ends without it", FORCED_EXIT_S)
            os._exit(1)

    threading.Thread(target=force, daemon=True).start()
    try:
        server.run(sockets=[listener])
    finally:
        stopped.set()


def listen(host: str, port: int) -> socket.socket:
    """Open the socket that the server listens on.

    Args:
        host: The name or address.
        port: The port, 0 to 65535; 0 chooses a free one.

    Raises:
        DataError: If the host does not exist.
        StateError: If the port is taken, or may not be used.
    """
    if not 0 <= port <= MAX_PORT:
        raise DataError(f"the port {port} is not within 0 to {MAX_PORT}")
    if not host:
        raise DataError("the host is empty", hint="127.0.0.1 is for this machine alone, 0.0.0.0 for all that reach it.")
    try:
        # Named as TCP, because asyncio sends small answers without delay only on sockets that say so.
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise DataError(f"nothing can listen at {host!r}, port {port} ({error})") from error
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        hint = "Choose another port, or 0 for a free one."
        raise StateError(f"port {port} of {host} is not available: {error.strerror}", hint=hint) from error
    return listener


def _stop_at_end_of_input(server: HTTPServer) -> None:
    sys.stdin.buffer.read()
    server.should_exit = True


RECORDS_A_MINUTE = 10
MAX_TEXT = 2_000
MAX_TRACEBACK = 8_000
_MINUTE_S = 60.0


@contextlib.contextmanager
def server_log() -> Iterator[None]:
    """Write what is logged in a block to standard error; `RECORDS_A_MINUTE` from a place."""
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
