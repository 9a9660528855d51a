"""One bound on a whole exchange, in time and in bytes, and no key in what comes back, over real sockets."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fireworks import Fireworks
from openai import AsyncOpenAI, OpenAI
from together import Together

from vqaft.backends import FireworksBackend, OpenAIBackend, TogetherBackend
from vqaft.backends.exchange import allowed_s
from vqaft.data import VQAExample
from vqaft.errors import DataError, RequestRefusedError, ServiceError, ServiceUnreachableError
from vqaft.inference import ChatRequest, Predictor, RateLimitedBackend
from vqaft.records import MessageBuilder
from vqaft.service import RetryPolicy
from vqaft.tuning import FineTuneClient

SECRET = "sk-canary-0123456789/+"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"  # as the listener does
ASKED = ChatRequest(model="m", messages=b"[]")
REPLY = {"choices": [{"message": {"content": "red"}, "finish_reason": "stop"}]}


class Listener:
    """A socket whose answers are written byte by byte by a function."""

    def __init__(self, speak: Callable[[socket.socket, bytes], None]) -> None:
        self._speak = speak
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"
        self.requests = 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                peer, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    def _answer(self, peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer:
            with peer.makefile("rb") as stream:
                received = b""
                while not received.endswith(b"\r\n\r\n"):
                    received += stream.readline()
                length = re.search(rb"content-length: (\d+)", received.lower())
                received += stream.read(int(length[1]) if length else 0)  # else the kernel resets what is sent
            self.requests += 1
            self._speak(peer, received)

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def listen() -> Iterator[Callable[[Callable[[socket.socket, bytes], None]], Listener]]:
    opened: list[Listener] = []

    def start(speak: Callable[[socket.socket, bytes], None]) -> Listener:
        opened.append(Listener(speak))
        return opened[-1]

    yield start
    for listener in opened:
        listener.close()


@pytest.fixture(autouse=True)
def clients_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close every client that a test makes: a collected one warns about its socket in a later test."""
    made: list[Any] = []
    for kind in (OpenAI, Together, Fireworks):
        monkeypatch.setattr(kind, "__init__", _remembered(kind.__init__, made))
    yield
    for client in made:
        client.close()


def _remembered(start: Callable[..., None], made: list[Any]) -> Callable[..., None]:
    def begin(self: Any, *arguments: Any, **settings: Any) -> None:
        start(self, *arguments, **settings)
        made.append(self)

    return begin


def drip(start: bytes, pause_s: float = 0.05) -> Callable[[socket.socket, bytes], None]:
    def speak(peer: socket.socket, _: bytes) -> None:
        peer.sendall(start)
        while True:
            peer.sendall(b" ")
            time.sleep(pause_s)

    return speak


def say(content: bytes, **headers: str) -> Callable[[socket.socket, bytes], None]:
    def speak(peer: socket.socket, _: bytes) -> None:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        peer.sendall(HEAD + lines.encode() + f"content-length: {len(content)}\r\n\r\n".encode() + content)

    return speak


def ask(listener: Listener, *, timeout: float = 0.2, key: str = SECRET) -> Any:
    client = OpenAI(base_url=listener.base_url, api_key=key, timeout=timeout)
    return OpenAIBackend(client).complete(ASKED)


@pytest.mark.parametrize(
    "start",
    [
        b"",  # not even a status line
        b"HTTP/1.1 200 OK\r\nx: ",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nx: ",
        HEAD + b"content-length: 100000\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
        b"HTTP/1.1 500 Oh\r\ncontent-length: 100000\r\n\r\n",
    ],
)
def test_an_answer_that_drips_is_given_up_wherever_it_drips(listen: Any, start: bytes) -> None:
    listener = listen(drip(start))
    began = time.monotonic()
    with pytest.raises(ServiceUnreachableError, match=r"as a whole|no answer"):
        ask(listener)
    assert time.monotonic() - began < 5


def test_hints_without_end_are_given_up(listen: Any) -> None:
    def speak(peer: socket.socket, _: bytes) -> None:
        while True:
            peer.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            time.sleep(0.05)

    with pytest.raises(ServiceUnreachableError):
        ask(listen(speak))


def test_a_name_that_resolves_slowly_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    resolve = socket.getaddrinfo

    def slowly(host: Any, *rest: Any, **named: Any) -> Any:
        release.wait(20)
        return resolve("127.0.0.1", *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    began = time.monotonic()
    with pytest.raises(ServiceUnreachableError, match="as a whole"):
        OpenAIBackend(OpenAI(base_url="http://slow.test/v1", api_key="k", timeout=0.2)).complete(ASKED)
    assert time.monotonic() - began < 5
    release.set()


@pytest.mark.parametrize("status", [b"200 OK", b"400 Bad"])
def test_a_small_body_does_not_unfold_without_bound(listen: Any, status: bytes) -> None:
    packed = gzip.compress(b"\0" * 80_000_000, 1)

    def speak(peer: socket.socket, _: bytes) -> None:
        head = b"HTTP/1.1 " + status + b"\r\ncontent-encoding: gzip\r\n"
        peer.sendall(head + f"content-length: {len(packed)}\r\n\r\n".encode() + packed)

    with pytest.raises(ServiceUnreachableError, match="more than 67108864 bytes"):
        ask(listen(speak), timeout=20)


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"garbage", "gzip"),
        (gzip.compress(b"{}" * 99, mtime=0)[:-9], "gzip"),
        (b"x", "br"),
        (b"x", "zstd"),
        (b"x", "nonsense"),
    ],
)
def test_a_body_that_cannot_be_unpacked_is_told(listen: Any, content: bytes, encoding: str) -> None:
    with pytest.raises(ServiceUnreachableError):
        ask(listen(say(content, content_encoding=encoding)))


@pytest.mark.parametrize("pack", [gzip.compress, None])
def test_an_honest_answer_is_read(listen: Any, pack: Any) -> None:
    content = json.dumps(REPLY).encode()
    speak = say(content) if pack is None else say(pack(content), content_encoding="gzip")
    assert ask(listen(speak)).text == "red"


def test_the_bound_grows_with_what_is_sent() -> None:
    timeouts = {"connect": 5.0, "read": 600.0, "write": None, "pool": 600.0}
    assert allowed_s(timeouts, 0) == 1805.0
    assert allowed_s(timeouts, 500_000_000) > 50_000


def spellings(secret: str) -> list[bytes]:
    raw = secret.encode()
    return [raw, base64.b64encode(raw), base64.b64encode(raw).rstrip(b"="), httpx.URL(f"http://x/?{secret}").query]


@pytest.mark.parametrize("status", [b"200 OK", b"401 No", b"500 Oh"])
def test_no_key_comes_back_in_any_spelling(listen: Any, status: bytes, tmp_path: Path) -> None:
    key = "sk-canary-0123456789"
    words = b" ".join(spellings(key))

    def speak(peer: socket.socket, request: bytes) -> None:
        assert key.encode() in request
        content = b'{"error":{"message":"' + words + b'","code":"' + key.encode() + b'"}}'
        peer.sendall(b"HTTP/1.1 " + status + f"\r\ncontent-length: {len(content)}\r\n\r\n".encode() + content)

    client = OpenAI(base_url=listen(speak).base_url, api_key=key)
    retry = RetryPolicy(unavailable_timeout_s=0.0)
    backend = RateLimitedBackend(OpenAIBackend(client), retry=retry)
    with pytest.raises(ServiceError) as caught:
        backend.complete(ASKED)
    for spelling in spellings(key):
        assert spelling.decode() not in f"{caught.value} {caught.value!r} {caught.value.code}"


def test_no_key_comes_back_in_an_answer_or_its_file(listen: Any, tmp_path: Path) -> None:
    key = "sk-canary-0123456789"

    def speak(peer: socket.socket, request: bytes) -> None:
        said = request.decode().partition("\r\n\r\n")[0]
        content = json.dumps({"choices": [{"message": {"content": said}, "finish_reason": "stop"}]}).encode()
        peer.sendall(HEAD + f"content-length: {len(content)}\r\n\r\n".encode() + content)

    class Builder:
        def request_json(self, _: VQAExample) -> bytes:
            return b"[]"

    client = OpenAI(base_url=listen(speak).base_url, api_key=lambda: key)
    predictor = Predictor(OpenAIBackend(client), Builder(), model="m", progress=False)
    found = predictor.predict([VQAExample(id="a", image=b"x", question="q")], journal=tmp_path / "j")
    assert "uthorization" in str(found[0].answer)
    found.write(tmp_path / "p")
    for path in (tmp_path / "p", tmp_path / "j"):
        assert key not in path.read_text()
        assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("key", ["none", "x", "lm-studio"])
def test_a_key_that_is_a_word_leaves_answers_alone(listen: Any, key: str) -> None:
    reply = {"choices": [{"message": {"content": f"it is {key}"}, "finish_reason": "stop"}]}
    assert ask(listen(say(json.dumps(reply).encode())), key=key).text == f"it is {key}"


@pytest.mark.parametrize("size", [100, 3_000_000])
def test_a_proxys_page_is_told_in_few_words(listen: Any, size: int) -> None:
    with pytest.raises(ServiceUnreachableError) as caught:
        ask(listen(say(b"<html>" + b"x" * size)), timeout=5)
    assert len(str(caught.value)) < 300


def test_the_account_is_address_and_organization_whatever_the_key() -> None:
    def account(**settings: Any) -> str:
        return OpenAIBackend(OpenAI(base_url="https://user:pass@host/v1/", **settings)).account

    assert account(api_key="a") == account(api_key="b") == account(api_key=lambda: "c") == "https://host/v1"
    assert account(api_key="a", organization="org", project="p") == "https://host/v1#org/p"
    named = OpenAIBackend(OpenAI(api_key="a", base_url="http://127.0.0.1:1/v1"), account="my lab")
    assert named.account == "my lab"
    assert named.address == "http://127.0.0.1:1/v1"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: FineTuneClient(OpenAI(api_key="k")), r"OpenAIBackend\(OpenAI\("),  # type: ignore[arg-type]
        (lambda: FineTuneClient(AsyncOpenAI(api_key="k")), r"OpenAIBackend\(OpenAI\("),  # type: ignore[arg-type]
        (lambda: Predictor(OpenAI(api_key="k"), MessageBuilder(), model="m"), r"OpenAIBackend\(OpenAI\("),  # type: ignore[arg-type]
        (lambda: RateLimitedBackend(Together(api_key="k")), r"TogetherBackend\(Together\("),  # type: ignore[arg-type]
        (lambda: Predictor(OpenAIBackend, MessageBuilder(), model="m"), "instance"),  # type: ignore[arg-type]
        (lambda: Predictor("gpt-4o", MessageBuilder(), model="m"), "no complete"),  # type: ignore[arg-type]
        (lambda: OpenAIBackend(AsyncOpenAI(api_key="k")), "synchronous openai.OpenAI"),  # type: ignore[arg-type]
        (lambda: OpenAIBackend("sk-key"), r"openai\.OpenAI\("),  # type: ignore[arg-type]
        (lambda: TogetherBackend(OpenAI(api_key="k")), r"together\.Together\("),  # type: ignore[arg-type]
        (lambda: FireworksBackend(Fireworks(api_key="k")), "account_id"),
    ],
)
def test_the_wrong_object_is_refused_with_the_right_one(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        make()


@pytest.mark.parametrize("vendor", ["openai", "together", "fireworks"])
def test_an_sdks_own_retries_stay_off(listen: Any, vendor: str) -> None:
    listener = listen(lambda *_: None)
    url = listener.base_url
    backend: Any = {
        "openai": OpenAIBackend(OpenAI(base_url=url, api_key="k")),
        "together": TogetherBackend(Together(base_url=url, api_key="k")),
        "fireworks": FireworksBackend(Fireworks(base_url=url, api_key="k", account_id="me")),
    }[vendor]
    with pytest.raises(ServiceUnreachableError):
        backend.complete(ASKED)
    assert listener.requests == 1


def test_the_callers_client_keeps_its_hooks_and_stays_open(listen: Any) -> None:
    seen: list[str] = []
    mine: Any = httpx.Client(event_hooks={"request": [lambda request: seen.append(request.url.path)]})
    client = OpenAI(base_url=listen(say(json.dumps(REPLY).encode())).base_url, api_key="k", http_client=mine)
    for _ in range(2):
        assert OpenAIBackend(client).complete(ASKED).text == "red"
    assert seen == ["/v1/chat/completions"] * 2
    assert not mine.is_closed


def test_another_jobs_answer_is_not_taken(listen: Any) -> None:
    backend = OpenAIBackend(OpenAI(base_url=listen(say(b'{"id":"other","status":"succeeded"}')).base_url, api_key="k"))
    for look in (backend.retrieve_job, backend.retrieve_file, backend.retrieve_batch, backend.cancel_job):
        with pytest.raises(ServiceUnreachableError, match="'other', not about 'mine'"):
            look("mine")


def test_a_refusal_names_the_field(listen: Any) -> None:
    error = {"error": {"message": "no", "code": "unsupported_value", "param": "temperature"}}

    def speak(peer: socket.socket, _: bytes) -> None:
        content = json.dumps(error).encode()
        peer.sendall(b"HTTP/1.1 400 Bad\r\n" + f"content-length: {len(content)}\r\n\r\n".encode() + content)

    with pytest.raises(RequestRefusedError) as caught:
        ask(listen(speak))
    assert (caught.value.code, caught.value.param) == ("unsupported_value", "temperature")
