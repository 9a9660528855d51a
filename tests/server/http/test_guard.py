"""Only those who have the token, and who call the server by its own name, are served."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from vqaft.server import State, create_app
from vqaft.testing import ThreadServer

API_KEY = "test-key-of-the-server"
GOOD = {"Authorization": f"Bearer {API_KEY}"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (GOOD, 200),
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": API_KEY}, 401),
        ({**GOOD, "Host": "evil.example"}, 421),
        ({**GOOD, "Host": "127.0.0.1.evil.example:80"}, 421),
        ({**GOOD, "Host": "localhost:99"}, 200),
        ({**GOOD, "Host": "[::1]:99"}, 200),
        ({**GOOD, "Host": "[::1]"}, 200),
        ({**GOOD, "Host": "localhost:"}, 200),
        ({**GOOD, "Host": "LOCALHOST:80"}, 200),
        ({**GOOD, "Host": "localhost:80.evil.example"}, 421),
        ({**GOOD, "Host": "localhost@evil.example"}, 421),
    ],
)
def test_status(running: ThreadServer, headers: dict[str, str], status: int) -> None:
    answer = httpx.get(f"{running.base_url}/models", headers=headers)
    assert answer.status_code == status
    if status != httpx.codes.OK:
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
        assert API_KEY not in answer.text


def test_the_server_says_that_it_is_there_to_anybody(running: ThreadServer) -> None:
    assert httpx.get(running.base_url.replace("/v1", "/health")).json() == {"status": "ok"}


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("PATCH", "/files", 405)])
def test_what_is_not_there_has_the_api_s_shape(running: ThreadServer, method: str, path: str, status: int) -> None:
    answer = httpx.request(method, running.base_url + path, headers=GOOD)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(running: ThreadServer) -> None:
    port = int(running.base_url.rpartition(":")[2].partition("/")[0])
    lines = ["POST /v1/files HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {API_KEY}"]
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "Content-Length: 9999999999", "", ""]).encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("path", ["/chat/completions", "/files"])
def test_a_body_that_does_not_say_its_length_is_bounded(
    running: ThreadServer, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    for limit in ("MAX_BODY_BYTES", "MAX_JSON_BYTES"):
        monkeypatch.setattr(f"vqaft.server.http.guard.{limit}", 10_000)
    kind = {"Content-Type": "multipart/form-data; boundary=b"} if path == "/files" else {}
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'

    def body() -> Iterator[bytes]:
        yield head
        for _ in range(20):
            yield b" " * 1000

    answer = httpx.post(running.base_url + path, headers={**GOOD, **kind}, content=body())
    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    assert answer.json()["error"]["code"] == "request_too_large"


def test_a_server_for_others_is_called_by_any_name(tmp_path: Path) -> None:
    state = State(tmp_path)
    app = create_app(state, api_key=API_KEY, engines={}, judges={}, hosts=None)
    with TestClient(app, base_url="http://box.lan:8000") as client:
        assert client.get("/v1/models", headers=GOOD).status_code == httpx.codes.OK
        assert client.get("/v1/models").status_code == httpx.codes.UNAUTHORIZED
