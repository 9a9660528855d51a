"""Access control of the pages: Host header, session cookie, same-origin writes, bounded bodies, content policy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vqaft.server import admit, bounded_body, host_name
from vqaft.workbench.login import Login

MAX_BODY_BYTES = 32_000_000
"""The largest body: an image of 20 MB and its form."""
SAFE_METHODS = frozenset({"GET", "HEAD"})
_RULES = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "frame-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types vqaft",
)
CONTENT_POLICY = "; ".join(_RULES)
"""Scripts and styles are files of this server; nothing is loaded from elsewhere, and no page is framed elsewhere."""
HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "cache-control": "private, no-cache",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
"""Headers of every response that has none of its own of the name."""
OPEN_PATHS = ("/workbench/login", "/workbench/link", "/workbench/static/")
"""Paths below which no session is needed: login and the files of the package."""


@dataclass(frozen=True, kw_only=True)
class PageGuard:
    """Middleware that admits requests of a session, and writes only from the server's own pages.

    A page of another site can send requests here; it cannot read the answers, has no cookie (SameSite), and its writes
    are refused by their Origin. A name that its owner points to this machine (DNS rebinding) is refused by the Host
    header.

    Attributes:
        app: The pages.
        signed_out: What answers requests without a session: the login page.
        login: The sessions.
        hosts: Host names, in lower case, by which the server may be called; None for any.
    """

    app: ASGIApp
    signed_out: ASGIApp
    login: Login
    hosts: Collection[str] | None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        headers = Headers(scope=scope)
        signed_in = self.login.knows(session_token(scope))
        refusal = self._refusal(scope, headers)
        if signed_in and refusal is None:
            admit(scope)
        is_open = scope["path"].startswith(OPEN_PATHS)
        app = refusal or (self.app if signed_in or is_open else self.signed_out)
        await app(scope, bounded_body(receive, MAX_BODY_BYTES), _with_headers(send))

    def _refusal(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        if self.hosts is not None and host_name(headers.get("host", "")) not in self.hosts:
            return _refused(421, "This server is not called by that name.")
        if scope["method"] not in SAFE_METHODS and not _of_own_page(scope["path"], headers):
            return _refused(403, "This request does not come from a page of this server.")
        return None


def session_cookie(scope: Scope) -> str:
    """Return the name of the session's cookie: browsers share cookies between ports, so the port is part of it."""
    server = scope.get("server") or ("", 0)
    return f"vqaft_session_{server[1]}"


def session_token(scope: Scope) -> str:
    """Return the token that a request's cookie carries, or an empty text."""
    return Request(scope).cookies.get(session_cookie(scope), "")


def _of_own_page(path: str, headers: Headers) -> bool:
    """Return whether a page of this server sent a request; the command line asks for links with its token instead."""
    if path == "/workbench/link":
        return "origin" not in headers
    same_site = headers.get("sec-fetch-site", "same-origin") == "same-origin"
    host = headers.get("host", "")
    return same_site and headers.get("origin", "") in {f"http://{host}", f"https://{host}"}


def _refused(status: int, message: str) -> PlainTextResponse:
    return PlainTextResponse(message, status_code=status)


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sent
