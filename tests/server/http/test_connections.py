"""Whoever can connect, and has no token, keeps nobody from being answered."""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from vqaft.errors import DataError
from vqaft.server import HTTPServer, LocalServer, admit, listen
from vqaft.server.http.connections import ConnectionLimits

KEY = {"Authorization": "Bearer key"}


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers 200 to those who have a token; `/slow` after its body has come."""
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    known = any(name == b"authorization" for name, _ in scope["headers"])
    if known:
        admit(scope)
    while known and scope["path"] == "/slow" and (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200 if known else 401, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@contextlib.contextmanager
def serving(limits: ConnectionLimits) -> Iterator[int]:
    """The port of a server with limits, in a thread."""
    with listen("127.0.0.1", 0) as listener:
        server = HTTPServer(application, limits=limits, log_level="critical")
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def ask(port: int, path: str = "/") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers=KEY)
        return connection.getresponse().status
    finally:
        connection.close()


def seconds_open(connection: socket.socket) -> float:
    """How long the other side leaves a connection open; what it sends is read."""
    began = time.monotonic()
    with contextlib.suppress(ConnectionError):
        while connection.recv(1000):
            pass
    return time.monotonic() - began


OPENINGS = {
    "nothing": b"",
    "half a line": b"GET / HT",
    "headers without an end": b"GET / HTTP/1.1\r\nHost: a\r\n",
    "a request without a token": b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "a body without a token": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc",
    "an upgrade": b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x00\xff\x01\x00\x00\xfb\x03\x03",
}


@pytest.mark.parametrize("opening", OPENINGS.values(), ids=OPENINGS)
def test_a_connection_without_an_admitted_request_is_closed(opening: bytes) -> None:
    with serving(ConnectionLimits(max_connections=9, admission_timeout_s=0.3)) as port, connect(port) as connection:
        connection.sendall(opening)
        assert seconds_open(connection) < 5


@pytest.mark.parametrize("opening", [b"GET / HTTP/1.1\r\n", OPENINGS["a body without a token"]])
def test_a_slow_drip_gains_no_time(opening: bytes) -> None:
    with serving(ConnectionLimits(max_connections=9, admission_timeout_s=0.5)) as port, connect(port) as connection:
        connection.sendall(opening)
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - began < 10:
                connection.sendall(b"a")
                time.sleep(0.02)
        assert time.monotonic() - began < 5


def test_an_admitted_request_may_take_its_time_and_the_connection_is_used_again() -> None:
    with serving(ConnectionLimits(max_connections=9, admission_timeout_s=0.2)) as port, connect(port) as connection:
        head = "POST /slow HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\nContent-Length: 2\r\n\r\n"
        for _ in range(2):
            connection.sendall(head.encode() + b"a")
            connection.settimeout(0.4)  # twice as long as a connection without an admitted request may stay
            with pytest.raises(TimeoutError):
                connection.recv(1)
            connection.settimeout(20)
            connection.sendall(b"b")
            answer = b""
            while not answer.endswith(b"\r\n\r\nok"):
                answer += connection.recv(1000)
            assert answer.startswith(b"HTTP/1.1 200")
        assert seconds_open(connection) < 5


def test_the_oldest_idle_connection_makes_room() -> None:
    with serving(ConnectionLimits(max_connections=4, admission_timeout_s=60)) as port:
        idle = [connect(port) for _ in range(12)]
        assert ask(port) == 200
        for connection in idle[:8]:
            assert seconds_open(connection) < 5
        idle[-1].setblocking(False)
        with pytest.raises(BlockingIOError):
            idle[-1].recv(1)
        for connection in idle:
            connection.close()


def test_more_requests_than_connections_wait_and_are_all_answered() -> None:
    with serving(ConnectionLimits(max_connections=4)) as port, ThreadPoolExecutor(40) as threads:
        assert set(threads.map(lambda _: ask(port), range(200))) == {200}


@pytest.mark.parametrize("limits", [{"max_connections": 0}, {"max_connections": 1, "admission_timeout_s": 0.0}])
def test_limits_that_let_nobody_in(limits: dict[str, int]) -> None:
    with pytest.raises(DataError):
        ConnectionLimits(**limits)


IDLE = """
import socket, sys
connections = [socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=20) for _ in range(1000)]
for connection in connections[::3]:
    connection.sendall(b"GET / HTTP/1.1\\r\\nHost: ")
print("open", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs limits of descriptors")
def test_a_thousand_idle_connections_of_another_process_do_not_stop_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 1100:
        pytest.skip("this machine allows no thousand connections")
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        server = LocalServer(tmp_path).start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    port = int(server.base_url.rpartition(":")[2].partition("/")[0])

    def more() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (1100, hard))

    command = [sys.executable, "-c", IDLE, str(port)]
    try:
        with subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=more,  # noqa: PLW1509
        ) as attacker:
            assert attacker.stdout is not None
            assert attacker.stdout.readline() == "open\n"
            took = []
            for _ in range(20):
                began = time.monotonic()
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
                connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {server.api_key}"})
                assert connection.getresponse().status == 200
                connection.close()
                took.append(time.monotonic() - began)
            attacker.communicate("")
        assert max(took) < 5
        assert (tmp_path / "server.log").stat().st_size < 20_000
        assert len([*Path(f"/proc/{server.pid}/fd").iterdir()]) < 256
    finally:
        server.stop()
