"""Requests a second and latency of `LocalServer` under load; client and server share the machine.

Run: python benchmarks/server_load.py [SECONDS]
"""

from __future__ import annotations

import base64
import http.client
import io
import json
import os
import platform
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from vqaft.server import LocalServer

MODEL = "embedded-vqa"


@dataclass(frozen=True)
class Request:
    """One kind of request.

    Attributes:
        name: What the table calls it.
        method: HTTP method.
        path: Below `/v1`.
        body: The body.
        kind: Its content type.
    """

    name: str
    method: str
    path: str
    body: bytes = b""
    kind: str = "application/json"


@dataclass
class Result:
    """What the clients saw."""

    latencies_s: list[float] = field(default_factory=list)
    errors: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def requests() -> list[Request]:
    """Return the kinds of requests."""
    with_image = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": image_url()}}]
    form = b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    form += b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n' + b"x" * 1000 + b"\r\n--b--\r\n"
    return [
        Request("models", "GET", "/models"),
        Request("chat", "POST", "/chat/completions", chat("What is it?")),
        Request("chat with an image of 64 px", "POST", "/chat/completions", chat(with_image)),
        Request("file of 1 kB", "POST", "/files", form, "multipart/form-data; boundary=b"),
    ]


def chat(content: object) -> bytes:
    """Return the body of a chat request."""
    return json.dumps({"model": MODEL, "messages": [{"role": "user", "content": content}]}).encode()


def image_url() -> str:
    """Return a small PNG as a data URL."""
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def load(server: LocalServer, request: Request, *, clients: int, seconds: float) -> tuple[Result, float]:
    """Send a kind of request from many clients, each over one connection, for some seconds.

    Args:
        server: The server.
        request: What to send.
        clients: How many.
        seconds: How long.

    Returns:
        What they saw, and how long it took.
    """
    result, end = Result(), time.monotonic() + seconds
    threads = [threading.Thread(target=client, args=(server, request, end, result)) for _ in range(clients)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return result, time.monotonic() - began


def client(server: LocalServer, request: Request, end: float, result: Result) -> None:
    """Send requests one after the other until the end."""
    address = urlsplit(server.base_url)
    headers = {"Authorization": f"Bearer {server.api_key}", "Content-Type": request.kind}
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    latencies, errors = [], 0
    while time.monotonic() < end:
        began = time.monotonic()
        try:
            connection.request(request.method, "/v1" + request.path, request.body or None, headers)
            answer = connection.getresponse()
            answer.read()
            errors += answer.status != http.client.OK
        except (OSError, http.client.HTTPException):
            connection.close()
            errors += 1
        latencies.append(time.monotonic() - began)
    connection.close()
    with result.lock:
        result.latencies_s += latencies
        result.errors += errors


def show(print_line: Callable[[str], None], seconds: float) -> None:
    """Print the table."""
    print_line(f"Python {platform.python_version()}, {os.cpu_count()} cores shared by server and clients")
    print_line("| request | clients | requests/s | p50 ms | p99 ms | errors |")
    print_line("|---|--:|--:|--:|--:|--:|")
    with LocalServer() as server:
        for request in requests():
            for clients in (50, 400):
                result, took = load(server, request, clients=clients, seconds=seconds)
                p50, p99 = np.percentile(result.latencies_s, [50, 99]) * 1000
                rate = len(result.latencies_s) / took
                print_line(f"| {request.name} | {clients} | {rate:,.0f} | {p50:.0f} | {p99:.0f} | {result.errors} |")


if __name__ == "__main__":
    show(print, float(sys.argv[1]) if len(sys.argv) > 1 else 5.0)
