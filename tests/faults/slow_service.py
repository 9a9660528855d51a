"""A service that takes its time over what it creates, and finishes it whether or not its client still lives.

A process of its own, on loopback, of the standard library alone: `python slow_service.py CREATE_S` prints its port.
What it was asked to create or to answer is kept in memory, and told at `/bill`; it is the only witness of the kills.
"""

# ruff: noqa: T201 - the port is told by printing

from __future__ import annotations

import itertools
import json
import re
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

QUEUE_S = 2.0
"""Seconds that a job or batch waits before its work begins, and is paid."""

ANSWER_S = 0.02
PAGE = 100


class Service:
    """Files, uploads, jobs and batches in memory, and what was paid.

    Args:
        create_s: Seconds between a request that creates something and its being created.
    """

    def __init__(self, create_s: float) -> None:
        self._create_s = create_s
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._things: dict[str, dict[str, Any]] = {}
        self._contents: dict[str, bytes] = {}
        self._answers: Counter[str] = Counter()

    def bill(self) -> dict[str, Any]:
        """What there is, what runs, and which answers were paid how often."""
        with self._lock:
            kinds = {kind: [self._shown(thing) for thing in self._all(kind)] for kind in ("job", "batch", "file")}
            return {**kinds, "answers": dict(self._answers)}

    def do(self, method: str, path: str, query: dict[str, str], body: bytes) -> Any:
        """Carry out a request; what creates something takes its time first."""
        parts = path.strip("/").split("/")
        creates = method == "POST" and parts[-1] in {"files", "jobs", "batches", "uploads", "parts", "complete"}
        time.sleep(self._create_s if creates else ANSWER_S if path == "/chat/completions" else 0.0)
        with self._lock:
            if path == "/chat/completions":
                return self._answer(json.loads(body))
            kind = {"files": "file", "batches": "batch", "uploads": "upload", "fine_tuning": "job"}[parts[0]]
            rest = parts[2:] if kind == "job" else parts[1:]
            if creates:
                return self._create(kind, rest, body)
            return self._look(kind, rest, query, method)

    def _create(self, kind: str, rest: list[str], body: bytes) -> Any:
        if kind == "file":
            return self._keep_file(*form_of(body, "file"), purpose=field_of(body, "purpose"))
        if kind == "upload" and rest and rest[1] == "parts":
            part = self._new("part", {})
            self._contents[part["id"]] = form_of(body, "data")[1]
            return part
        wanted = json.loads(body)
        if kind == "upload" and rest:
            upload = self._things[rest[0]]
            content = b"".join(self._contents[name] for name in wanted["part_ids"])
            return {**upload, "file": self._keep_file(upload["filename"], content, purpose=upload["purpose"])}
        status = "in_progress" if kind == "batch" else "queued"
        return self._shown(self._new(kind, {**wanted, "status": status}))

    def _keep_file(self, name: str, content: bytes, *, purpose: str) -> dict[str, Any]:
        file = self._new("file", {"filename": name, "bytes": len(content), "purpose": purpose, "status": "processed"})
        self._contents[file["id"]] = content
        return file

    def _look(self, kind: str, rest: list[str], query: dict[str, str], method: str) -> Any:
        if not rest:
            purpose = query.get("purpose")
            newest = [thing for thing in reversed(self._all(kind)) if purpose in (None, thing.get("purpose"))]
            start = 0 if "after" not in query else [thing["id"] for thing in newest].index(query["after"]) + 1
            page = [self._shown(thing) for thing in newest[start : start + PAGE]]
            return {"object": "list", "data": page, "has_more": len(newest) > start + PAGE}
        thing = self._things.get(rest[0])
        if thing is None:
            return None
        if method == "POST" and rest[1:] == ["cancel"] and self._shown(thing)["status"] in {"queued", "in_progress"}:
            thing["status"] = "cancelled"
        if rest[1:] == ["content"]:
            return self._contents[thing["id"]]
        return {"object": "list", "data": []} if rest[1:] == ["events"] else self._shown(thing)

    def _answer(self, wanted: dict[str, Any]) -> dict[str, Any]:
        question = wanted["messages"][0]["content"]
        self._answers[question] += 1
        return {"choices": [{"message": {"content": f"answer to {question}"}, "finish_reason": "stop"}]}

    def _new(self, kind: str, facts: dict[str, Any]) -> dict[str, Any]:
        identity = f"{kind}-{next(self._numbers)}"
        self._things[identity] = {**facts, "id": identity, "created": time.monotonic()}
        return self._things[identity]

    def _all(self, kind: str) -> list[dict[str, Any]]:
        return [thing for name, thing in self._things.items() if name.startswith(f"{kind}-")]

    def _shown(self, thing: dict[str, Any]) -> dict[str, Any]:
        """Describe a thing; one whose time in the queue is over has begun its work, and is paid."""
        has_begun = time.monotonic() - thing["created"] > QUEUE_S
        if has_begun and thing.get("status") == "queued":
            thing["status"] = "running"
        if has_begun and thing.get("status") == "in_progress":
            self._run_batch(thing)
        return thing

    def _run_batch(self, batch: dict[str, Any]) -> None:
        results = []
        for line in self._contents[batch["input_file_id"]].splitlines():
            asked = json.loads(line)
            response = {"status_code": 200, "body": self._answer(asked["body"])}
            results.append(json.dumps({"custom_id": asked["custom_id"], "response": response}).encode() + b"\n")
        output = self._keep_file("output", b"".join(results), purpose="batch_output")
        batch.update(status="completed", output_file_id=output["id"])


def form_of(body: bytes, name: str) -> tuple[str, bytes]:
    """Return the file name and the content of a form's file."""
    head = re.search(rb'name="%b"; filename="([^"]*)"[^\r]*\r\n(?:[^\r]+\r\n)*\r\n' % name.encode(), body)
    assert head is not None
    return head[1].decode(), body[head.end() : body.rindex(b"\r\n--", head.end())]


def field_of(body: bytes, name: str) -> str:
    """Return a form's field."""
    found = re.search(rb'name="%b"\r\n(?:[^\r]+\r\n)*\r\n([^\r]*)' % name.encode(), body)
    assert found is not None
    return found[1].decode()


def handler_of(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length)
            if len(body) < length:
                return  # the client died before it had said all
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            path = url.path.removeprefix("/v1")
            found = service.bill() if path == "/bill" else service.do(self.command, path, query, body)
            status = 200
            if found is None:
                status, found = 404, {"error": {"message": "no such thing"}}
            content = found if isinstance(found, bytes) else json.dumps(found).encode()
            try:
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                self.close_connection = True

        do_POST = do_GET  # noqa: N815 - http.server's name

    return Handler


class Server(ThreadingHTTPServer):
    """Keeps quiet about clients that died."""

    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), handler_of(Service(float(sys.argv[1]))))
    print(server.server_port, flush=True)
    server.serve_forever()
