"""What a service can do to those who ask it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import orjson

Rewrite: TypeAlias = Callable[[Any], Any]
Phase: TypeAlias = Literal["before", "after"]


@dataclass(frozen=True, kw_only=True)
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
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    cut: Literal["before", "middle"] | None = None
    rewrite: Rewrite | None = None
    raw: bytes | None = None
    delay_s: float = 0.0
    phase: Phase = "before"


@dataclass(frozen=True, kw_only=True)
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
    share: float = 1.0


def error_body(message: str, code: str | None, kind: str = "server_error") -> bytes:
    """Give an error in the API's shape.

    Args:
        message: Its words.
        code: Its code.
        kind: Its type.
    """
    return orjson.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}})


def rate_limit(retry_after: str | None = None, *, milliseconds: str | None = None) -> Fault:
    """Ask to slow down.

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
