"""Stands before a server and makes it fail by plan.

What a service can do to those who ask it.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vqaft.testing.billing import BillingJournal
from vqaft.typed import Amount, Share, typed, typed_call

Rewrite: TypeAlias = Callable[[Any], Any]

Phase: TypeAlias = Literal["before", "after"]


@dataclass(frozen=True, kw_only=True)
@typed
class Fault:
    """One way to fail.

    Of `status`, `cut`, `rewrite` and `raw` at most one is given; `delay_s` goes with each of them, or alone.

    Attributes:
        status: Answer with this HTTP status instead.
        headers: And with these headers.
        body: And with this body.
        cut: Break the connection: before a byte of the answer, or in the middle of it.
        rewrite: Change the answer's JSON, given and returned as a value.
        raw: Replace the answer's body, whatever it was, with status 200.
        delay_s: Wait so many seconds before answering.
        phase: "before": the work is not done. "after": it is done, and billed, and its answer is lost: the expensive
            kind. Rewriting is always after.
    """

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    body: bytes = b""
    cut: Literal["before", "middle"] | None = None
    rewrite: Rewrite | None = None
    raw: bytes | None = None
    delay_s: Amount = 0.0
    phase: Phase = "before"


@dataclass(frozen=True, kw_only=True)
@typed
class Planned:
    """A fault and the requests that meet it.

    Attributes:
        fault: What happens.
        method: Only requests of this method; any where None.
        path: Only requests whose path has this in it, e.g. `/chat/completions`; any where empty.
        nth: Only these of the matching requests, counted from 1; all where empty.
        share: Only this share of the matching requests, drawn by chance from the server's seed; 1.0 is all.
    """

    fault: Fault
    method: str | None = None
    path: str = ""
    nth: Collection[int] = ()
    share: Share = 1.0


def error_body(message: str, code: str | None, kind: str = "server_error") -> bytes:
    """Return an error in the API's shape.

    Args:
        message: Its words.
        code: Its code.
        kind: Its type.
    """
    return orjson.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})


@typed_call
def rate_limit(retry_after: str | None = None, *, milliseconds: str | None = None) -> Fault:
    """Return a rate-limit error.

    Args:
        retry_after: The `Retry-After` header as it is sent, sense or nonsense; none where None.
        milliseconds: The `retry-after-ms` header.
    """
    headers = {"retry-after": retry_after, "retry-after-ms": milliseconds}
    body = error_body("Rate limit reached.", "rate_limit_exceeded", "requests")
    return Fault(status=429, headers={name: value for name, value in headers.items() if value is not None}, body=body)


def _events(change: Callable[[list[Any]], list[Any]]) -> Rewrite:
    return lambda answer: {**answer, "data": change(answer["data"])}


def _values(change: Callable[[str, Any], Any]) -> Rewrite:
    return lambda answer: {key: change(key, value) for key, value in answer.items()}


HTML = b"<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>"

FAULTS: Mapping[str, Fault] = {
    "429": rate_limit(),
    "429-soon": rate_limit("0.01"),
    "429-milliseconds": rate_limit(milliseconds="10"),
    "429-nan": rate_limit("nan"),
    "429-negative": rate_limit("-5"),
    "429-past-date": rate_limit("Wed, 21 Oct 2015 07:28:00 GMT"),
    "429-nonsense": rate_limit("in a while"),
    "429-quota": Fault(
        status=429, body=error_body("You exceeded your quota.", "insufficient_quota", "insufficient_quota")
    ),
    "429-html": Fault(status=429, headers={"content-type": "text/html"}, body=HTML),
    "401": Fault(
        status=401, body=error_body("Incorrect API key provided.", "invalid_api_key", "invalid_request_error")
    ),
    "403": Fault(status=403, body=error_body("You may not do this.", None, "invalid_request_error")),
    "400": Fault(status=400, body=error_body("This is wrong.", "bad_value", "invalid_request_error")),
    "404": Fault(status=404, body=error_body("There is no such thing.", None, "invalid_request_error")),
    "409": Fault(status=409, body=error_body("Another request is changing this.", "conflict", "invalid_request_error")),
    "413": Fault(status=413, body=error_body("This is too large.", None, "invalid_request_error")),
    "422": Fault(status=422, body=error_body("This cannot be processed.", None, "invalid_request_error")),
    "500": Fault(status=500, body=error_body("The server had an error.", None)),
    "500-html": Fault(status=500, headers={"content-type": "text/html"}, body=HTML),
    "502": Fault(status=502, headers={"content-type": "text/html"}, body=HTML),
    "503-overloaded": Fault(status=503, body=error_body("The server is overloaded.", "server_is_overloaded")),
    "503-slow-down": Fault(status=503, headers={"retry-after": "0.01"}, body=error_body("Slow down.", "slow_down")),
    "529": Fault(status=529, body=b""),
    "redirect": Fault(status=307, headers={"location": "http://127.0.0.1:9/stolen"}),
    "cut-before": Fault(cut="before"),
    "cut-middle": Fault(cut="middle", phase="after"),
    "lost-answer": Fault(cut="before", phase="after"),
    "lost-answer-500": Fault(status=500, body=error_body("The answer was lost.", None), phase="after"),
    "lost-answer-504": Fault(status=504, headers={"content-type": "text/html"}, body=HTML, phase="after"),
    "200-html": Fault(raw=HTML, headers={"content-type": "text/html"}, phase="after"),
    "200-empty": Fault(raw=b"", phase="after"),
    "200-cut-json": Fault(raw=b'{"id": "x", "object": "fi', phase="after"),
    "200-empty-object": Fault(raw=b"{}", phase="after"),
    "200-array": Fault(raw=b"[]", phase="after"),
    "200-null": Fault(raw=b"null", phase="after"),
    "200-nulls": Fault(rewrite=_values(lambda _, __: None), phase="after"),
    "200-wrong-types": Fault(rewrite=_values(lambda _, value: [value]), phase="after"),
    "unknown-status": Fault(
        rewrite=_values(lambda key, value: "frobnicating" if key == "status" else value), phase="after"
    ),
    "events-twice": Fault(
        rewrite=_events(lambda entries: [entry for entry in entries for _ in range(2)]), phase="after"
    ),
    "events-reversed": Fault(rewrite=_events(lambda entries: entries[::-1]), phase="after"),
    "events-missing": Fault(rewrite=_events(lambda entries: entries[::2]), phase="after"),
    "slow": Fault(delay_s=0.2),
    "slow-then-cut": Fault(delay_s=0.2, cut="before", phase="after"),
}
"""Faults that services were seen to make, or that a network makes, by name."""


@dataclass(frozen=True, kw_only=True)
class _Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


class FaultInjector:
    """An ASGI application around another one.

    Args:
        app: The server that does the work.
        journal: Where the work that was done is noted.
        seed: Of what is drawn by chance.
    """

    def __init__(self, app: ASGIApp, journal: BillingJournal, *, seed: int = 0) -> None:
        self._app = app
        self._journal = journal
        self._seed = seed
        self.plan([])

    def plan(self, faults: Iterable[Planned]) -> None:
        """Fail by this plan from now on; the first entry that fits a request decides, and counting begins anew."""
        self._plan = tuple(faults)
        self._met: Counter[int] = Counter()
        self._random = random.Random(self._seed)  # noqa: S311 - for tests
        self.injected = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _whole_body(receive)
        if body is None:
            return
        fault = self._fault(scope["method"], scope["path"])
        if fault is not None and fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        works = fault is None or fault.phase == "after" or _harmless(fault)
        answer = await self._work(scope, body) if works else None
        await _send(answer, fault, receive, send)

    def _fault(self, method: str, path: str) -> Fault | None:
        for number, planned in enumerate(self._plan):
            if planned.method not in {None, method} or planned.path not in path:
                continue
            self._met[number] += 1
            if planned.nth and self._met[number] not in planned.nth:
                continue
            if self._random.random() < planned.share:
                self.injected += 1
                return planned.fault
        return None

    async def _work(self, scope: Scope, body: bytes) -> _Answer:
        start: dict[str, Any] = {}
        chunks: list[bytes] = []
        given = asyncio.Event()

        async def receive() -> Message:
            if given.is_set():
                # Who asks again waits for the client to leave; the work that a fault follows is done to its end.
                await asyncio.Event().wait()
            given.set()
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                chunks.append(message.get("body", b""))

        await self._app(scope, receive, send)
        answer = _Answer(status=start["status"], headers=list(start["headers"]), body=b"".join(chunks))
        if answer.status < 300:  # noqa: PLR2004 - HTTP's successes
            digest = hashlib.sha256(body).hexdigest()
            self._journal.note(scope["method"], scope["path"], request=digest, answer=answer.body)
        return answer


def _harmless(fault: Fault) -> bool:
    return fault.status is None and fault.cut is None and fault.raw is None and fault.rewrite is None


async def _whole_body(receive: Receive) -> bytes | None:
    chunks: list[bytes] = []
    while (message := await receive())["type"] == "http.request":
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)
    return None  # the client left before it had asked


async def _send(answer: _Answer | None, fault: Fault | None, receive: Receive, send: Send) -> None:
    if fault is not None and fault.cut == "before":
        await _abort(receive)
        return
    status, headers, body = _spoiled(answer, fault)
    cut = fault is not None and fault.cut == "middle"
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body[: len(body) // 2] if cut else body, "more_body": cut})
    if cut:
        await asyncio.sleep(0.01)  # let the half go out
        await _abort(receive)


def _spoiled(answer: _Answer | None, fault: Fault | None) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    if answer is not None and (fault is None or _harmless(fault) or fault.cut is not None):
        return answer.status, answer.headers, answer.body
    assert fault is not None  # noqa: S101 - without one there is an answer
    body = fault.body if fault.raw is None else fault.raw
    if fault.rewrite is not None and answer is not None:
        body = orjson.dumps(fault.rewrite(orjson.loads(answer.body)))
    status = 200 if fault.status is None else fault.status
    given = {"content-type": "application/json", **fault.headers, "content-length": str(len(body))}
    return status, [(name.encode(), value.encode()) for name, value in given.items()], body


async def _abort(receive: Receive) -> None:
    # ASGI has no word for a connection that breaks; uvicorn's `receive` belongs to the object that holds the transport.
    receive.__self__.transport.abort()  # type: ignore[attr-defined]
    await asyncio.sleep(0)  # let it notice, or it answers that the application gave no answer
