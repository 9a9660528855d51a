"""Access control of the pages: login and sessions, Host header, same-origin writes, bounded bodies, content policy.

A code is valid once, and begins a session. Both are in memory only.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vqaft.server import admit, bounded_body, host_name

CODE_S = 300.0
"""Seconds that a code can be used."""
SESSION_S = 12 * 3600.0
"""Seconds that a session lasts."""
MAX_TRIES = 20
"""Wrong codes after which every open code is withdrawn."""
MAX_CODES = 16
"""Open codes; a newer one withdraws the oldest."""
MAX_SESSIONS = 256
"""Sessions; a newer one ends the oldest."""


@dataclass(frozen=True, kw_only=True)
class _Secret:
    digest: bytes
    expires_s: float


class Login:
    """Codes and sessions of one server. Thread-safe.

    Only digests are kept, and every comparison takes the same time whatever is compared.

    Args:
        clock: Returns seconds, monotonic.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._codes: list[_Secret] = []
        self._sessions: list[_Secret] = []
        self._tries = 0

    def new_code(self) -> str:
        """Return a code that is valid once, for five minutes."""
        code = secrets.token_urlsafe(24)
        with self._lock:
            self._tries = 0
            open_codes = [*self._valid(self._codes), self._secret(code, CODE_S)]
            self._codes = open_codes[-MAX_CODES:]
        return code

    def redeem(self, code: str) -> str | None:
        """Exchange a code for the token of a new session.

        Args:
            code: What the user's link carries.

        Returns:
            The token; None if the code is wrong, was used, or is too old. After 20 wrong codes all open ones are
            withdrawn.
        """
        with self._lock:
            known = [*self._valid(self._codes)]
            found = _find(known, code)
            if found is None:
                self._tries += 1
                self._codes = known if self._tries < MAX_TRIES else []
                return None
            self._codes = [secret for secret in known if secret is not found]
            token = secrets.token_urlsafe(32)
            self._sessions = [*self._valid(self._sessions), self._secret(token, SESSION_S)][-MAX_SESSIONS:]
            return token

    def knows(self, token: str) -> bool:
        """Return whether a token is that of a session which has not ended."""
        with self._lock:
            return _find(self._valid(self._sessions), token) is not None

    def end(self, token: str) -> None:
        """End the session of a token, if there is one."""
        with self._lock:
            ended = _find(self._sessions, token)
            self._sessions = [secret for secret in self._valid(self._sessions) if secret is not ended]

    def _secret(self, value: str, lifetime_s: float) -> _Secret:
        return _Secret(digest=_digest(value), expires_s=self._clock() + lifetime_s)

    def _valid(self, secrets_: list[_Secret]) -> Iterator[_Secret]:
        now = self._clock()
        return (secret for secret in secrets_ if now < secret.expires_s)


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode(errors="replace")).digest()


def _find(known: Iterator[_Secret] | list[_Secret], value: str) -> _Secret | None:
    digest, found = _digest(value), None
    for secret in known:
        found = secret if hmac.compare_digest(secret.digest, digest) else found
    return found


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
