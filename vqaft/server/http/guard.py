"""Access control: bearer token, Host header, and bounds on the size and the duration of a request body."""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vqaft.server.http.connections import admit
from vqaft.server.http.errors import ApiError

MAX_BODY_BYTES = 600_000_000
"""The largest request: a file of 512 MB and its form."""
MAX_JSON_BYTES = 64_000_000
"""The largest body of all other requests, which is held in memory."""
BODY_GRACE_S = 60.0
MIN_BYTES_PER_S = 16_000.0
"""A body may take `BODY_GRACE_S`, and longer as far as this rate allows."""


@dataclass(frozen=True)
class Guard:
    """Middleware that admits requests with the token and an expected Host header.

    A page in the user's browser can send requests to this machine under a name that its owner points here (DNS
    rebinding); therefore the Host header is checked beside the token.

    Attributes:
        app: The application behind it.
        api_key: The token that requests bear.
        hosts: Host names, in lower case, by which the server may be called; None for any, where it is meant to be
            reached from other machines.
    """

    app: ASGIApp
    api_key: str
    hosts: Collection[str] | None = ("127.0.0.1", "localhost", "[::1]")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        limit = MAX_BODY_BYTES if _FORMS.fullmatch(scope["path"]) else MAX_JSON_BYTES
        refusal = self._refusal(headers, scope["path"], limit)
        app = self.app if refusal is None else refusal.response()
        if refusal is None and scope["path"] != HEALTH:
            admit(scope)
        await app(scope, bounded_body(receive, limit), send)

    def _refusal(self, headers: Headers, path: str, limit: int) -> ApiError | None:
        name = host_name(headers.get("host", ""))
        if self.hosts is not None and name not in self.hosts:
            return ApiError(421, f"This server is not {name!r}.", code="misdirected_request")
        if path != HEALTH and not self._knows(headers.get("authorization", "")):
            return ApiError(401, "Incorrect API key provided.", code="invalid_api_key")
        length = headers.get("content-length", "0")
        if not length.isdigit() or len(length) > _DIGITS or int(length) > limit:
            return _too_large(limit)
        return None

    def _knows(self, authorization: str) -> bool:
        return hmac.compare_digest(authorization.encode(), f"Bearer {self.api_key}".encode())


HEALTH = "/health"
"""The path that needs no token."""
_FORMS = re.compile(r"/v1/(files|uploads/[^/]+/parts)")
"""The routes that receive files."""
_DIGITS = 18


def host_name(host: str) -> str:
    """Return the name in a Host header, in lower case; the port may be missing or empty.

    Args:
        host: The header.
    """
    name, colon, port = host.lower().rpartition(":")
    return name if colon and (not port or port.isdigit()) else host.lower()


def bounded_body(receive: Receive, limit: int) -> Receive:
    """Bound the size of a body, which may not say its length, and the time that it takes.

    Args:
        receive: Where the body comes from.
        limit: The most bytes.

    Returns:
        A `receive` that raises an `ApiError`: 413 beyond the limit, 408 where the body is sent too slowly.
    """
    loop = asyncio.get_running_loop()
    began, received, complete = loop.time(), 0, False

    async def bounded() -> Message:
        nonlocal received, complete
        if complete:  # what follows is the client's disconnecting, which may be long in coming
            return await receive()
        try:
            async with asyncio.timeout_at(began + BODY_GRACE_S + received / MIN_BYTES_PER_S):
                message = await receive()
        except TimeoutError:
            raise ApiError(408, "The request's body was sent too slowly.", code="request_timeout") from None
        received += len(message.get("body", b""))
        if received > limit:
            raise _too_large(limit)
        complete = not message.get("more_body", False)
        return message

    return bounded


def _too_large(limit: int) -> ApiError:
    return ApiError(413, f"The request is larger than {limit} bytes.", code="request_too_large")
