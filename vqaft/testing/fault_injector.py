"""Stands before a server and makes it fail by plan."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vqaft.testing.billing import BillingJournal
from vqaft.testing.fault import Fault, Planned


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
