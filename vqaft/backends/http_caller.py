"""Requests to a service that has no client of its own here, by httpx."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from vqaft.backends.calls import Answer, Call, decoded
from vqaft.backends.status import error_for_status
from vqaft.errors import AuthenticationError, ServiceUnreachableError

if TYPE_CHECKING:
    import httpx

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
        try:
            response = self._client.request(
                call.method,
                f"{self._base_url}{call.path}",
                headers={**self._headers, **({"Content-Type": "application/json"} if call.content else {})},
                follow_redirects=False,
                **_body(call),
            )
        except (self._httpx.LocalProtocolError, UnicodeError) as error:
            hint = "Check the API key for stray characters."
            raise AuthenticationError(f"the request could not be built ({type(error).__name__})", hint=hint) from None
        except self._httpx.RequestError as error:
            text = f"no answer from {self._base_url} ({type(error).__name__}: {error})"
            raise ServiceUnreachableError(text) from None
        headers = {name.lower(): value for name, value in response.headers.items()}
        if not response.is_success:
            raise error_for_status(response.status_code, body=decoded(response.content), headers=headers)
        return Answer(content=response.content, headers=headers)


def _body(call: Call) -> dict[str, Any]:
    if call.content is not None:
        return {"content": call.content}
    if call.file is not None:
        name, content = call.file
        return {"data": dict(call.fields), "files": {call.file_field: (name, content, "application/jsonl")}}
    return {} if call.json is None else {"json": call.json}
