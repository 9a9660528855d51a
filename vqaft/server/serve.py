"""Runs the server until it is stopped."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

import uvicorn

from vqaft.engines import JUDGE_MODEL, EmbeddedEngine, SimilarityJudge
from vqaft.errors import DataError, StateError
from vqaft.server.app import create_app
from vqaft.server.store.state import State

BASE_MODEL = "embedded-vqa"
MAX_PORT = 65535


def serve(
    folder: Path,
    *,
    api_key: str,
    host: str = "127.0.0.1",
    port: int = 8000,
    on_ready: Callable[[str], None] = print,
    until_input_ends: bool = False,
) -> None:
    """Serve until interrupted.

    Args:
        folder: Where files, jobs and models are kept.
        api_key: The token that requests must bear; printable ASCII without spaces, as HTTP has it.
        host: The name or address to listen on; other machines reach the server only where it is no loopback address.
        port: The port to listen on; 0 takes a free one.
        on_ready: Told the base URL once requests are taken.
        until_input_ends: Stop when standard input ends, as it does when the process that started this one dies.

    Raises:
        DataError: If the key or the host cannot be used.
        StateError: If the port is taken, or another server works in the folder.
    """
    if not (api_key and api_key.isascii() and api_key.isprintable() and " " not in api_key):
        raise DataError("the server's key must be printable ASCII without spaces")
    listener = listen(host, port)
    address, taken = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    state = State(folder)
    app = create_app(
        state,
        api_key=api_key,
        engines={BASE_MODEL: EmbeddedEngine(cache_folder=folder / "read")},
        judges={JUDGE_MODEL: SimilarityJudge()},
        # One that listens on all addresses is called by names that only its users know.
        hosts=None if ip_address(address).is_unspecified else {"127.0.0.1", "localhost", "[::1]", shown.lower()},
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on", timeout_graceful_shutdown=5))
    if until_input_ends:
        threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
    on_ready(f"http://{shown}:{taken}/v1")
    server.run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """Open the socket that the server listens on.

    Args:
        host: The name or address.
        port: The port, 0 to 65535; 0 takes a free one.

    Raises:
        DataError: If there is no such host.
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
        hint = "Take another port, or 0 for a free one."
        raise StateError(f"port {port} of {host} cannot be had: {error.strerror}", hint=hint) from error
    return listener


def _stop_at_end_of_input(server: uvicorn.Server) -> None:
    sys.stdin.buffer.read()
    server.should_exit = True
