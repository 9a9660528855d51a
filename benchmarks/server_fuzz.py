"""Mutated input for every parser of the server: only typed errors, no status 500, and a server that still answers.

Run: python benchmarks/server_fuzz.py [INPUTS_A_PARSER] [SEED]
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import io
import json
import random
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from pydantic import BaseModel

from vqaft.engines import SimilarityJudge
from vqaft.errors import VqaftError
from vqaft.server import State
from vqaft.server.batches.routes import BatchBody
from vqaft.server.batches.runner import read_batch
from vqaft.server.chat import ChatBody, check_bounds
from vqaft.server.files import CompletionBody, UploadBody
from vqaft.server.http.requests import parse_body
from vqaft.server.jobs.request import JobBody, check_rows
from vqaft.testing import FixedAnswer, QuickEngine, ThreadServer

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string", "minLength": 3}, "b": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
    "required": ["a", "b"],
    "$defs": {"c": {"type": "array", "items": {"enum": [1, "x", None]}, "minItems": 2}},
}
NASTY = (
    b"\x00",
    b"\xff\xfe",
    b"\\ud800",
    b"1e999",
    b"-1",
    b"[" * 50,
    b'{"$ref":"#"}',
    b"\r\n\r\n",
    b"9" * 400,
    b"null",
)


def image_url(kind: str) -> str:
    """Return a small image as a data URL."""
    buffer = io.BytesIO()
    Image.new("RGB", (9, 7), "red").save(buffer, kind)
    return f"data:image/{kind.lower()};base64," + base64.b64encode(buffer.getvalue()).decode()


def chat(kind: str = "PNG") -> dict[str, object]:
    """Return a request for a chat completion."""
    parts = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": image_url(kind)}}]
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}
    return {"model": "judge", "messages": [{"role": "user", "content": parts}], "response_format": form, "n": 1}


def mutated(content: bytes, chance: random.Random) -> bytes:
    """Return content with a few bytes changed, cut, doubled, or replaced by something nasty."""
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 3))):
        place = chance.randrange(len(changed) + 1)
        end = min(len(changed), place + chance.choice((1, 1, 2, 8, 64)))
        kind = chance.randrange(5)
        if kind == 0:
            changed[place:end] = chance.randbytes(end - place)
        elif kind == 1:
            del changed[place:end]
        elif kind == 2:  # noqa: PLR2004 - the third kind
            changed[place:place] = changed[place:end] * chance.randint(1, 3)
        elif kind == 3:  # noqa: PLR2004 - the fourth
            changed[place:end] = chance.choice(NASTY)
        else:
            changed[place:place] = chance.choice(NASTY)
    return bytes(changed)


def body_of(kind: type[BaseModel]) -> Callable[[bytes], object]:
    """Return the parser of a request's body."""
    return lambda content: parse_body(content, kind)


def answered(content: bytes) -> object:
    """Parse a chat request, check its bounds, and let the judge answer it."""
    body = parse_body(content, ChatBody)
    check_bounds(body.messages)
    return SimilarityJudge().answer(body.turn())


def in_file(read: Callable[[Path], object], folder: Path) -> Callable[[bytes], object]:
    """Return a parser of files as one of bytes."""
    path = folder / "input"

    def parse(content: bytes) -> object:
        path.write_bytes(content)
        return read(path)

    return parse


def state_with(name: str, folder: Path) -> tuple[bytes, Callable[[bytes], object]]:
    """Return a file of a server's folder, and a parser that opens the folder with another one in its place."""
    home = folder / f"state-{name}"
    State(home).close()
    good = (home / name).read_bytes()

    def parse(content: bytes) -> None:
        for leftover in ("state.sqlite-wal", "state.sqlite-shm"):
            (home / leftover).unlink(missing_ok=True)
        (home / name).write_bytes(content)
        State(home).close()

    return good, parse


def parsers(folder: Path) -> dict[str, tuple[list[bytes], Callable[[bytes], object]]]:
    """Return for every parser good input, and the parser."""
    row = {"messages": [*chat()["messages"], {"role": "assistant", "content": "red"}]}  # type: ignore[misc]
    line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": chat()}
    job = {"model": "m", "training_file": "file-1", "metadata": {"a": "b"}, "suffix": "s", "seed": 1}
    job |= {"method": {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 2, "batch_size": "auto"}}}}
    upload = {"filename": "a", "purpose": "fine-tune", "bytes": 5, "mime_type": "text/jsonl"}
    batch = {"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    judged = json.dumps({"question": "q", "reference": "a red car", "candidate": "car"})
    asked = {"model": "judge", "messages": [{"role": "user", "content": f"Rate {judged}"}]}
    found: dict[str, tuple[list[bytes], Callable[[bytes], object]]] = {
        "job request": ([_json(job)], body_of(JobBody)),
        "upload request": ([_json(upload)], body_of(UploadBody)),
        "upload completion": ([_json({"part_ids": ["part_1"], "md5": "x"})], body_of(CompletionBody)),
        "batch request": ([_json(batch)], body_of(BatchBody)),
        "chat request, schema and image": ([_json(chat(kind)) for kind in ("PNG", "JPEG", "WEBP", "GIF")], answered),
        "judged text": ([_json(asked)], answered),
        "batch input": ([_json(line) + b"\n" + _json({**line, "custom_id": "b"})], in_file(read_batch, folder)),
        "training rows": ([b"\n".join([_json(row)] * 3)], in_file(lambda path: check_rows(path, at_least=1), folder)),
    }
    for name in ("vqaft-server.json", "state.sqlite"):
        good, parse = state_with(name, folder)
        found[f"folder: {name}"] = ([good], parse)
    return found


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def try_parsers(inputs: int, chance: random.Random) -> Counter[str]:
    """Put mutated input to every parser; an error that is not typed ends the run.

    Returns:
        How many inputs each parser accepted and refused.
    """
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for name, (good, parse) in parsers(Path(folder)).items():
            few = inputs // 20 if name.startswith("folder") else inputs
            for _ in range(few):
                content = mutated(chance.choice(good), chance)
                try:
                    parse(content)
                    counts[f"{name}: accepted"] += 1
                except VqaftError as error:
                    counts[f"{name}: refused ({type(error).__name__})"] += 1
    return counts


def requests_over_sockets(inputs: int, chance: random.Random) -> Counter[str]:
    """Send mutated HTTP requests to a running server; a status 500 ends the run.

    Returns:
        How many got which status.
    """
    counts: Counter[str] = Counter()
    engines, judges = {"quick": QuickEngine()}, {"judge": FixedAnswer("ok")}
    with tempfile.TemporaryDirectory() as folder, ThreadServer(Path(folder), engines=engines, judges=judges) as server:
        port = int(server.base_url.rpartition(":")[2].partition("/")[0])
        good = [_request(server, *each) for each in _messages()]
        for _ in range(inputs):
            status = _send(port, mutated(chance.choice(good), chance))
            counts[status] += 1
            assert status != "500"  # noqa: S101 - this is a test
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {server.api_key}"})
        assert connection.getresponse().status == http.client.OK  # noqa: S101 - as above
        connection.close()
    return counts


def _messages() -> list[tuple[str, str, str, bytes]]:
    form = b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
    form += b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n--b--\r\n'
    kind = "multipart/form-data; boundary=b; charset=utf-8"
    return [
        ("GET", "/v1/files?limit=5&after=file-1&order=asc", "", b""),
        ("GET", "/v1/fine_tuning/jobs?metadata[a]=b", "", b""),
        ("DELETE", "/v1/models/ft:a%2Fb", "", b""),
        ("POST", "/v1/files", kind, form),
        ("POST", "/v1/uploads", "application/json", b'{"filename":"a","purpose":"batch","bytes":1,"mime_type":"x"}'),
        ("POST", "/v1/chat/completions", "application/json", _json(chat())),
        ("POST", "/v1/fine_tuning/jobs", "application/json", b'{"model":"quick","training_file":"file-1"}'),
    ]


def _request(server: ThreadServer, method: str, path: str, kind: str, body: bytes) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {server.api_key}"]
    lines += [f"Content-Type: {kind}"] if kind else []
    lines += [f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode() + body


def _send(port: int, content: bytes) -> str:
    """Return the status of the answer, or what else came of the request."""
    with socket.create_connection(("127.0.0.1", port), timeout=0.2) as connection:
        answer = b""
        with contextlib.suppress(OSError):
            connection.sendall(content)
            while chunk := connection.recv(65_536):
                answer += chunk
    return answer[9:12].decode("ascii", "replace") if answer.startswith(b"HTTP/1.1 ") else "closed"


def show(inputs: int, seed: int) -> None:
    """Print what became of all inputs."""
    began, chance = time.monotonic(), random.Random(seed)
    counts = try_parsers(inputs, chance)
    over_http = requests_over_sockets(inputs, chance)
    for name, count in (
        *counts.items(),
        *((f"HTTP: {status}", number) for status, number in sorted(over_http.items())),
    ):
        print(f"{count:>8,}  {name}")
    total = counts.total() + over_http.total()
    print(f"{total:,} inputs (seed {seed}) in {time.monotonic() - began:.0f} s: typed errors only, no status 500")


if __name__ == "__main__":
    numbers = [int(text) for text in sys.argv[1:]]
    show(numbers[0] if numbers else 2_000, numbers[1] if len(numbers) > 1 else 1)
