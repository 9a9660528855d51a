"""Bounds that hold before a request is authenticated: open connections, time to admission, accept errors.

uvicorn waits without limit for the first request of a connection, and asyncio accepts until the descriptors run out and
logs a traceback for each connection after that. Here a connection that the guard has not admitted is closed after
`admission_timeout_s`, and the oldest such connection makes room when a new one arrives at the cap. Where every
connection carries an admitted request, new ones wait in the kernel's queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

from vqaft.errors import DataError

MAX_CONNECTIONS = 4096
SHUTDOWN_TIMEOUT_S = 5
ACCEPT_RETRY_S = 0.1
EVICTION_AGE_S = 0.1
"""Seconds that a connection has for its first request before it may have to make room."""
ACCEPTED_AT_ONCE = 32
"""Connections accepted before those that are open get their turn."""
_ADMITTED = "vqaft.admitted"
_NO_RESOURCES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
LOG = logging.getLogger(__name__)


def admit(scope: Scope) -> None:
    """Mark the request as authenticated, which lifts the bounds of this module from its connection."""
    scope[_ADMITTED] = True


@dataclass(frozen=True, kw_only=True)
class ConnectionLimits:
    """Bounds on connections.

    Attributes:
        max_connections: The most open connections, at least 1.
        admission_timeout_s: Seconds from the opening of a connection, or the end of its last admitted request, until
            the next request must be admitted.
    """

    max_connections: int
    admission_timeout_s: float = 10.0

    def __post_init__(self) -> None:
        if self.max_connections < 1:
            raise DataError(f"max_connections is {self.max_connections}, not at least 1")
        if not self.admission_timeout_s > 0:
            raise DataError(f"admission_timeout_s is {self.admission_timeout_s}, not greater than 0")

    @classmethod
    def of_process(cls) -> ConnectionLimits:
        """Return limits that leave half of the process's file descriptors to everything else."""
        return cls(max_connections=max(8, min(MAX_CONNECTIONS, _descriptor_limit() // 2)))


def _descriptor_limit() -> int:
    try:
        import resource
    except ImportError:  # pragma: no cover - Windows
        return 512
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 2 * MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else soft


class HTTPServer(uvicorn.Server):
    """uvicorn with bounded connections, for one event loop.

    Args:
        app: The application; it calls `admit` for each request that is authenticated.
        limits: The bounds; by default those of the process.
        log_level: The lowest level that uvicorn logs.

    Attributes:
        stopping: Set when the server begins to shut down.
    """

    def __init__(self, app: ASGIApp, *, limits: ConnectionLimits | None = None, log_level: str = "warning") -> None:
        config = uvicorn.Config(
            app,
            http=H11Protocol,
            ws="none",
            lifespan="on",
            loop="asyncio",
            log_level=log_level,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
        )
        super().__init__(config)
        self._room = _Room(limits or ConnectionLimits.of_process())
        self._accepting: list[asyncio.Task[None]] = []
        self._opening: set[asyncio.Task[None]] = set()
        self.stopping = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, and accept connections on these sockets."""
        await super().startup(sockets=[])
        for listener in sockets or []:
            listener.setblocking(False)
            self._accepting.append(asyncio.create_task(self._accept_all(listener)))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more connections, finish the requests in progress, and stop the application."""
        self.stopping.set()
        for task in self._accepting:
            task.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)
        await super().shutdown(sockets=sockets)

    async def _accept_all(self, listener: socket.socket) -> None:
        loop, accepted = asyncio.get_running_loop(), 0
        while True:
            await self._room.available()
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError as error:
                await self._after(error)
                continue
            self._room.opening += 1
            task = loop.create_task(self._open(connection))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)
            accepted += 1
            if not accepted % ACCEPTED_AT_ONCE:
                await asyncio.sleep(0)

    async def _after(self, error: OSError) -> None:
        if error.errno in _NO_RESOURCES:  # else the client gave up before it was accepted
            LOG.warning("no connection can be accepted: %s", error.strerror)
            self._room.evict()
            await asyncio.sleep(ACCEPT_RETRY_S)

    async def _open(self, connection: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)
        except OSError:
            connection.close()
            self._room.opening -= 1

    def _protocol(self) -> asyncio.Protocol:
        return _BoundedConnection(
            room=self._room, config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )


class _BoundedConnection(H11Protocol):
    """A connection that is closed where no request of it is admitted in time."""

    def __init__(self, *, room: _Room, **settings: Any) -> None:
        super().__init__(**settings)
        self._room = room
        self._deadline: asyncio.TimerHandle | None = None
        self._since_s = self.loop.time()

    @property
    def age_s(self) -> float:
        """Seconds since the connection was opened, or its last admitted request ended."""
        return self.loop.time() - self._since_s

    @property
    def serving(self) -> bool:
        """Whether an admitted request is in progress."""
        return bool(self.cycle) and not self.cycle.response_complete and _ADMITTED in self.cycle.scope

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._room.enter(self)
        self._await_admission()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._room.leave(self)
        if self._deadline is not None:
            self._deadline.cancel()

    def on_response_complete(self) -> None:
        admitted = _ADMITTED in self.scope
        super().on_response_complete()
        if admitted and not self.transport.is_closing():
            self._room.renew(self)
            self._await_admission()

    def close_now(self) -> None:
        """Close the connection without waiting for the client to read what was sent."""
        self.transport.abort()

    def _await_admission(self) -> None:
        self._since_s = self.loop.time()
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(self._room.limits.admission_timeout_s, self._expire)

    def _expire(self) -> None:
        if not self.serving:  # else the end of the response sets the next deadline
            self.close_now()


class _Room:
    """The open connections, in the order in which they were opened or last served; and how many are being opened."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.opening = 0
        self._connections: dict[_BoundedConnection, None] = {}
        self._left: Callable[[], None] = lambda: None

    async def available(self) -> None:
        """Wait until one more connection may be opened; the oldest that carries no admitted request makes room."""
        while len(self._connections) + self.opening >= self.limits.max_connections and not self.evict():
            left = asyncio.Event()
            self._left = left.set
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(left.wait(), EVICTION_AGE_S)

    def evict(self) -> bool:
        """Close the oldest connection that carries no admitted request; return whether there was one."""
        for connection in self._connections:
            if not connection.serving and connection.age_s >= EVICTION_AGE_S:
                self.leave(connection)
                connection.close_now()
                return True
        return False

    def enter(self, connection: _BoundedConnection) -> None:
        self.opening -= 1
        self._connections[connection] = None
        self._left()

    def renew(self, connection: _BoundedConnection) -> None:
        if self._connections.pop(connection, self) is None:
            self._connections[connection] = None
        self._left()

    def leave(self, connection: _BoundedConnection) -> None:
        self._connections.pop(connection, None)
        self._left()
