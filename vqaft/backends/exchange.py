"""HTTP transport that bounds an exchange as a whole, in time and in bytes, and masks credentials in what comes back.

httpx limits the silence between two bytes: a server that sends a byte now and then, in its headers too, is waited for
without end, a name that resolves slowly is not limited at all, and a small compressed answer unpacks to any size.
Here one deadline spans resolving, connecting, sending, waiting and receiving. It is the sum of the client's own four
time limits, and a second more for every 10 kB that is sent or has arrived.
"""

from __future__ import annotations

import base64
import re
import threading
import time
import zlib
from collections import deque
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, Self
from urllib.parse import quote, unquote

SLOWEST_BYTES_PER_S = 10_000.0
"""A connection that stays below this rate for a whole exchange is given up."""

UNLIMITED_S = 600.0
"""Stands for a time limit that the client does not set."""

MAX_JSON_BYTES = 64 * 1024**2
MAX_FILE_BYTES = 2 * 1024**3
MIN_MASKED = 10
"""A shorter key, such as "none", could be a word of an answer: it is masked in error messages only."""

_CREDENTIALS = re.compile(r"auth|key|token|secret|password|cookie|^sig$")
_NO_CREDENTIALS = frozenset({"idempotency-key", "max-tokens"})
_KEPT_SECRETS = 32


class BoundedTransport:
    """A transport for an `httpx.Client` that sends by another client, whose proxies and certificates it keeps.

    Args:
        client: The caller's client: an `httpx.Client`, or an `httpx2.Client`.
        httpx: The module that the client is from.
    """

    def __init__(self, client: Any, httpx: ModuleType) -> None:
        self._client = client
        self._httpx = httpx
        self._secrets: deque[str] = deque(maxlen=_KEPT_SECRETS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the caller's client open: it is the caller's."""

    def close(self) -> None:
        """Leave the caller's client open: it is the caller's."""

    def handle_request(self, request: Any) -> Any:
        """Carry out one request, not following redirects, and return the response with its body read.

        Raises:
            httpx.ReadTimeout: If the exchange takes too long as a whole.
            httpx.DecodingError: If the body is larger than allowed, or its encoding is unknown or damaged.
            httpx.RequestError: As httpx raises it.
        """
        self._remember(request)
        request.headers["accept-encoding"] = "gzip, deflate"
        exchange = _Exchange(self._client, request, self._httpx)
        response, body = exchange.run()
        headers = [(name, value) for name, value in response.headers.multi_items() if name.lower() not in _REWRITTEN]
        return self._httpx.Response(
            response.status_code, headers=headers, content=self.mask(body, shortest=MIN_MASKED), request=request
        )

    def mask(self, content: bytes, *, shortest: int = 1) -> bytes:
        """Replace the credentials that were sent, in every common spelling, by as many asterisks.

        Args:
            content: What came from the service.
            shortest: The length from which a credential is masked.
        """
        for secret in list(self._secrets):
            if len(secret) >= shortest:
                for spelling in _spellings(secret):
                    content = content.replace(spelling, b"*" * len(spelling))
        return content

    def mask_text(self, text: str) -> str:
        """Replace the credentials that were sent in a text."""
        return self.mask(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def _remember(self, request: Any) -> None:
        found = [value.rpartition(" ")[2] for name, value in request.headers.items() if _is_credential(name)]
        found += [value for name, value in request.url.params.multi_items() if _is_credential(name)]
        found.append(unquote(request.url.password or ""))
        for secret in filter(None, found):
            if secret not in self._secrets:
                self._secrets.append(secret)


def _is_credential(name: str) -> bool:
    """Return whether a header or a field of a query holds a credential, by its name."""
    return _CREDENTIALS.search(name.lower()) is not None and name.lower() not in _NO_CREDENTIALS


_REWRITTEN = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class _Exchange:
    """One request and its response, carried out in a thread of its own, which can be given up."""

    def __init__(self, client: Any, request: Any, httpx: ModuleType) -> None:
        self._client = client
        self._request = request
        self._httpx = httpx
        self._start = time.monotonic()
        self._allowed_s = allowed_s(request.extensions.get("timeout") or {}, _length(request.headers))
        self._received = 0
        self._is_given_up = False
        self._done = threading.Event()
        self._outcome: tuple[Any, bytes] | BaseException | None = None

    def run(self) -> tuple[Any, bytes]:
        try:
            threading.Thread(target=self._carry_out, name="vqaft-exchange", daemon=True).start()
        except RuntimeError as error:  # the machine has no thread left: as passing as a connection that fails
            raise self._httpx.ConnectError(str(error), request=self._request) from error
        try:
            while not self._done.wait(max(0.0, self._left_s())):
                if self._left_s() <= 0:
                    message = f"the exchange took longer than {self._allowed_s:.0f} s as a whole"
                    raise self._httpx.ReadTimeout(message, request=self._request)
        finally:
            self._is_given_up = True
        if isinstance(self._outcome, BaseException):
            raise self._outcome
        assert self._outcome is not None  # noqa: S101 - set before the event is
        return self._outcome

    def _left_s(self) -> float:
        return self._start + self._allowed_s + self._received / SLOWEST_BYTES_PER_S - time.monotonic()

    def _carry_out(self) -> None:
        try:
            self._outcome = self._answer()
        except BaseException as error:  # noqa: BLE001 - raised again where the exchange is waited for
            self._outcome = error
        self._done.set()

    def _answer(self) -> tuple[Any, bytes]:
        response = self._client.send(self._request, stream=True, follow_redirects=False)
        try:
            limit = MAX_FILE_BYTES if self._request.url.path.endswith("/content") else MAX_JSON_BYTES
            encoding = response.headers.get("content-encoding", "").strip().lower()
            pieces = _unpacked(self._raw(response), encoding, limit=limit, error=self._unreadable)
            return response, b"".join(pieces)
        finally:
            response.close()

    def _raw(self, response: Any) -> Iterator[bytes]:
        for piece in response.iter_raw():
            if self._is_given_up:
                raise self._httpx.ReadTimeout("given up", request=self._request)
            self._received += len(piece)
            yield piece

    def _unreadable(self, message: str) -> Exception:
        error: Exception = self._httpx.DecodingError(message, request=self._request)
        return error


def allowed_s(timeouts: Mapping[str, float | None], sent_bytes: int) -> float:
    """Return the seconds that a whole exchange may take before anything has arrived.

    Args:
        timeouts: httpx's limits for connecting, reading, writing and the pool, in seconds; None where there is none.
        sent_bytes: The length of the request's body.
    """
    parts = (timeouts.get(name) for name in ("connect", "read", "write", "pool"))
    return sum(UNLIMITED_S if part is None else part for part in parts) + sent_bytes / SLOWEST_BYTES_PER_S


def _length(headers: Mapping[str, str]) -> int:
    text = headers.get("content-length", "0")
    return int(text) if text.isdecimal() else 0


def _unpacked(pieces: Iterator[bytes], encoding: str, *, limit: int, error: Any) -> Iterator[bytes]:
    """Undo gzip and deflate, never holding more than the limit."""
    if encoding not in {"", "identity", "gzip", "deflate"}:
        raise error(f"the body is encoded as {encoding[:20]!r}, which was not asked for")
    unpack = zlib.decompressobj(wbits=47) if encoding in {"gzip", "deflate"} else None
    total = 0
    for packed in pieces:
        try:
            piece = packed if unpack is None else unpack.decompress(packed, limit - total + 1)
        except zlib.error as problem:
            raise error(f"the body is not {encoding}") from problem
        total += len(piece)
        if total > limit:
            raise error(f"the body has more than {limit} bytes")
        yield piece
    if unpack is not None and total and not unpack.eof:
        raise error(f"the {encoding} body broke off")


def _spellings(secret: str) -> set[bytes]:
    raw = secret.encode("utf-8", "surrogatepass")
    packed = base64.b64encode(raw)
    return {raw, packed, packed.rstrip(b"="), base64.urlsafe_b64encode(raw), quote(raw, safe="").encode()}
