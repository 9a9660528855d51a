"""Errors in the shape of OpenAI's API."""

from __future__ import annotations

import errno
import sqlite3
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from vqaft.errors import VqaftError
from vqaft.escape import visible

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
_LONGEST = 2_000


class ApiError(VqaftError):
    """The error response of a request.

    Args:
        status: The HTTP status.
        message: What is wrong, for a person.
        param: The parameter at fault.
        code: What is wrong, for a program.
    """

    def __init__(self, status: int, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.param = param
        self.code = code

    def document(self) -> dict[str, Any]:
        """Return the body of the response; what the client sent is escaped in it."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"  # noqa: PLR2004 - HTTP's classes
        param = None if self.param is None else visible(self.param, limit=_LONGEST)
        message = visible(self.message, limit=_LONGEST)
        return {"error": {"message": message, "type": kind, "param": param, "code": self.code}}

    def response(self) -> JSONResponse:
        """Return the response."""
        return JSONResponse(self.document(), status_code=self.status)


def missing(what: str, name: str) -> ApiError:
    """Return the error for something that does not exist.

    Args:
        what: Its kind, e.g. "file".
        name: Its id.
    """
    return ApiError(404, f"No such {what}: {name}", param="id", code=f"{what.replace(' ', '_')}_not_found")


def internal_error(error: Exception) -> ApiError:
    """Return the error for a failure of the server itself: what kind it is, without details.

    Args:
        error: What was raised.
    """
    code = error.errno if isinstance(error, OSError) else None
    if code in _FULL or (isinstance(error, sqlite3.OperationalError) and "full" in str(error)):
        return ApiError(507, "The server's disk is full.", code="insufficient_storage")
    if code in _EXHAUSTED or isinstance(error, MemoryError):
        return ApiError(503, "The server's machine is out of memory or descriptors.", code="server_overloaded")
    return ApiError(500, f"The server failed ({type(error).__name__}).", code="internal_error")


def on_api_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an `ApiError`."""
    assert isinstance(error, ApiError)  # noqa: S101 - starlette's handlers are typed for any exception
    return error.response()


def on_http_error(_: Request, error: Exception) -> JSONResponse:
    """Answer what starlette itself refuses: no such route, no such method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    response = ApiError(error.status_code, error.detail).response()
    response.headers.update(error.headers or {})
    return response


def on_crash(_: Request, error: Exception) -> JSONResponse:
    """Answer an error of the server's own."""
    return internal_error(error).response()
