"""Who may ask: a bearer token, an expected host, a bounded body."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vqaft.server.http.errors import ApiError

MAX_BODY_BYTES = 600_000_000
"""The largest request: a file of 512 MB and its form."""


@dataclass(frozen=True)
class Guard:
    """Lets requests through that may come in.

    A page in the user's browser can send requests to this machine under a name that its owner points here (DNS
    rebinding); hence the look at the Host header, beside the token.

    Attributes:
        app: What is guarded.
        api_key: The token that requests bear.
        hosts: Host names, in lower case, by which the server may be called; None for any, where it is meant to be
            reached by others.
    """

    app: ASGIApp
    api_key: str
    hosts: Collection[str] | None = ("127.0.0.1", "localhost", "[::1]")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        refusal = self._refusal(Headers(scope=scope), scope["path"]) if scope["type"] == "http" else None
        app = self.app if refusal is None else refusal.response()
        await app(scope, _bounded(receive), send)

    def _refusal(self, headers: Headers, path: str) -> ApiError | None:
        name = _without_port(headers.get("host", ""))
        if self.hosts is not None and name not in self.hosts:
            return ApiError(421, f"This server is not {name!r}.", code="misdirected_request")
        if path != "/health" and not self._knows(headers.get("authorization", "")):
            return ApiError(401, "Incorrect API key provided.", code="invalid_api_key")
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            return _too_large()
        return None

    def _knows(self, authorization: str) -> bool:
        return hmac.compare_digest(authorization.encode(), f"Bearer {self.api_key}".encode())


def _without_port(host: str) -> str:
    """Give the name in a Host header, in lower case; the port may be missing or empty."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and (not port or port.isdigit()) else host.lower()


def _bounded(receive: Receive) -> Receive:
    """Count what comes in: a body that is sent in chunks does not say its length."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BODY_BYTES:
            raise _too_large()
        return message

    return counted


def _too_large() -> ApiError:
    return ApiError(413, f"The request is larger than {MAX_BODY_BYTES} bytes.", code="request_too_large")
