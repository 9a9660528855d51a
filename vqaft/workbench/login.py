"""Login by a code that is valid once, and the sessions that begin with it. Everything is in memory only."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

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
