"""Requests to a service that has no client of its own here, by httpx.

One HTTP exchange with a service, whoever makes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import RawIOBase
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qs, urlsplit

import orjson

from vqaft.backends.errors import error_for_status
from vqaft.errors import AuthenticationError, RequestRefusedError, ServiceUnreachableError

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request to make.

    At most one of `json`, `content` and `file` is given.

    Attributes:
        method: "GET", "POST" or "DELETE".
        path: The path below the service's base URL, with its query.
        json: A body to encode.
        content: A body in JSON that is encoded already.
        fields: Fields of a form, beside its file.
        file: The name and the content of a form's file, read while it is sent.
        file_field: The name of the form's file field.
    """

    method: str
    path: str
    json: Mapping[str, Any] | None = None
    content: bytes | None = field(default=None, repr=False)
    fields: Mapping[str, str] = field(default_factory=dict)
    file: tuple[str, RawIOBase] | None = None
    file_field: str = "file"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back with a status from 200 to 299.

    Attributes:
        content: The body.
        headers: The headers, looked up by lower-case names.
    """

    content: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """Decode the body.

        Raises:
            ServiceUnreachableError: If the body is no JSON object: a proxy's page, or a body that broke off.
        """
        value = decoded(self.content)
        if not isinstance(value, dict):
            raise ServiceUnreachableError(f"the answer is no JSON object but begins {self.content[:60]!r}")
        return value


class Caller(Protocol):
    """Makes one exchange with one service."""

    @property
    def account(self) -> str:
        """The service's address and the account, without any secret."""
        ...

    def send(self, call: Call) -> Answer:
        """Make one request, never repeated here.

        Raises:
            ServiceError: Of the kind that says whether trying again can help.
        """
        ...


def decoded(content: bytes) -> Any:
    """Decode JSON, lone surrogates included; None where it is none."""
    try:
        return orjson.loads(content)
    except ValueError:
        pass
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


TIMEOUT_S = 600.0


class HTTPCaller:
    """Makes single requests with a bearer key; the key appears in no text, and redirects are not followed.

    Args:
        base_url: The service's address, up to what its routes have in common.
        api_key: The account's key.
        http_client: An `httpx.Client` of the caller's, for proxies and time limits.
    """

    def __init__(self, base_url: str, api_key: str, *, http_client: httpx.Client | None = None) -> None:
        import httpx

        self._httpx = httpx
        self._base_url = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._fingerprint = hashlib.sha256(api_key.encode()).hexdigest()[:12]
        self._client = http_client or httpx.Client(timeout=TIMEOUT_S)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._base_url})"

    @property
    def account(self) -> str:
        """The service's address and a fingerprint of the key."""
        return f"{self._base_url}#{self._fingerprint}"

    def send(self, call: Call) -> Answer:
        """Make one request; see `Caller.send`."""
        headers = {**self._headers, **({"Content-Type": "application/json"} if call.content else {})}
        return self._exchange(call.method, f"{self._base_url}{call.path}", headers, **_body(call))

    def put_signed(self, url: str, content: RawIOBase, *, size_bytes: int) -> None:
        """Send a file to an address of somebody's storage that is a permission by itself.

        The account's key does not go there, and the address goes into no text.

        Args:
            url: The address, by HTTPS.
            content: The file, read while it is sent.
            size_bytes: How long it is.

        Raises:
            ServiceError: Of the kind that says whether trying again can help.
        """
        if urlsplit(url).scheme != "https":
            raise RequestRefusedError("the service named an address for the file that is not HTTPS")
        wanted = {
            "content-type": "application/octet-stream",
            "x-goog-content-length-range": f"{size_bytes},{size_bytes}",
        }
        signed = parse_qs(urlsplit(url).query).get("X-Goog-SignedHeaders", [""])[0].split(";")
        headers = {name: value for name, value in wanted.items() if name in signed}
        self._exchange("PUT", url, {**headers, "Content-Length": str(size_bytes)}, content=content)

    def _exchange(self, method: str, url: str, headers: dict[str, str], **body: Any) -> Answer:
        try:
            response = self._client.request(method, url, headers=headers, follow_redirects=False, **body)
        except (self._httpx.LocalProtocolError, UnicodeError) as error:
            hint = "Check the API key for stray characters."
            raise AuthenticationError(f"the request could not be built ({type(error).__name__})", hint=hint) from None
        except self._httpx.RequestError as error:
            text = f"no answer from {urlsplit(url).hostname} ({type(error).__name__}: {error})"
            raise ServiceUnreachableError(text) from None
        received = {name.lower(): value for name, value in response.headers.items()}
        if not response.is_success:
            raise error_for_status(response.status_code, body=decoded(response.content), headers=received)
        return Answer(content=response.content, headers=received)


def _body(call: Call) -> dict[str, Any]:
    if call.content is not None:
        return {"content": call.content}
    if call.file is not None:
        name, content = call.file
        return {"data": dict(call.fields), "files": {call.file_field: (name, content, "application/jsonl")}}
    return {} if call.json is None else {"json": call.json}
