"""Runs the server until it is stopped."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import uvicorn

from vqaft.server.app import create_app
from vqaft.server.engines import JUDGE_MODEL, EmbeddedEngine, SimilarityJudge
from vqaft.server.state import State

BASE_MODEL = "embedded-vqa"
ANY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised, not bound by default


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
        api_key: The token that requests must bear.
        host: The address to listen on; other machines reach the server only where this is not a loopback address.
        port: The port to listen on; 0 takes a free one.
        on_ready: Told the base URL once requests are taken.
        until_input_ends: Stop when standard input ends, as it does when the process that started this one dies.

    Raises:
        OSError: If the port is taken.
    """
    state = State(folder)
    listener = listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    app = create_app(
        state,
        api_key=api_key,
        engines={BASE_MODEL: EmbeddedEngine(cache_folder=folder / "read")},
        judges={JUDGE_MODEL: SimilarityJudge()},
        # One that listens on all addresses is called by names that only its users know.
        hosts=None if host in ANY_ADDRESS else {"127.0.0.1", "localhost", "[::1]", shown},
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on", timeout_graceful_shutdown=5))
    if until_input_ends:
        threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
    on_ready(f"http://{shown}:{listener.getsockname()[1]}/v1")
    server.run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """Open the socket that the server listens on.

    Args:
        host: The address.
        port: The port; 0 takes a free one.

    Raises:
        OSError: If the port is taken.
    """
    # Named as TCP, because asyncio sends small answers without delay only on sockets that say so.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(2048)
    return listener


def _stop_at_end_of_input(server: uvicorn.Server) -> None:
    sys.stdin.buffer.read()
    server.should_exit = True
