"""One HTTP exchange with a service, as a value: what is sent, what comes back, and the seam that carries it out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import RawIOBase
from typing import Any, Protocol

import orjson

from vqaft.errors import ServiceUnreachableError


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
            ServiceUnreachableError: If the body is not a JSON object: a proxy's page, or a body that broke off.
        """
        value = decode_json(self.content)
        if not isinstance(value, dict):
            raise ServiceUnreachableError(f"the answer is not a JSON object but begins {self.content[:60]!r}")
        return value


class Caller(Protocol):
    """Makes one exchange with one service."""

    @property
    def account(self) -> str:
        """The service's address and the account, without any secret."""
        ...

    def send(self, call: Call) -> Answer:
        """Send one request, without retries.

        Raises:
            ServiceError: Of the kind that says whether trying again can help.
        """
        ...


def decode_json(content: bytes) -> Any:
    """Decode JSON, lone surrogates included; return None where it is not JSON."""
    try:
        return orjson.loads(content)
    except ValueError:
        pass
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
