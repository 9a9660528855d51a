"""Errors in the shape of OpenAI's API."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse


class ApiError(Exception):
    """What a request is answered with when it cannot be served.

    Args:
        status: The HTTP status.
        message: What is wrong, for a person.
        param: The parameter at fault.
        code: What is wrong, for a program.
    """

    def __init__(self, status: int, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code

    def document(self) -> dict[str, Any]:
        """Give the body of the answer."""
        kind = "server_error" if self.status >= 500 else "invalid_request_error"  # noqa: PLR2004 - HTTP's classes
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    def response(self) -> JSONResponse:
        """Give the answer to send."""
        return JSONResponse(self.document(), status_code=self.status)


def missing(what: str, name: str) -> ApiError:
    """Say that something is not there.

    Args:
        what: What it is, e.g. "file".
        name: Its id.
    """
    return ApiError(404, f"No such {what}: {name}", param="id", code=f"{what.replace(' ', '_')}_not_found")


def crashed(error: Exception) -> ApiError:
    """Say that the server itself failed, without the details.

    Args:
        error: What was raised.
    """
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
    """Answer an error of the server's own, without its details."""
    return crashed(error).response()
