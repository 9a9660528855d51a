"""Requests: routes by resource, JSON bodies and forms, ids and pages, validated."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeAlias, TypeVar, cast

from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vqaft.server.http.errors import ApiError, missing
from vqaft.server.store.documents import Document, Documents, Slice

Body = TypeVar("Body", bound=BaseModel)
SyncHandler: TypeAlias = Callable[[Request], Response]
AsyncHandler: TypeAlias = Callable[[Request], Awaitable[Response]]
Handler: TypeAlias = SyncHandler | AsyncHandler
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s;\"']*)", re.IGNORECASE)
_CHARSETS = {"utf-8", "utf8", "us-ascii"}


def resource(
    path: str, *, get: Handler | None = None, post: Handler | None = None, delete: Handler | None = None
) -> Route:
    """Return one route for all methods of a path, so that the response to another method names them all.

    Args:
        path: The path below `/v1`.
        get: Handler of GET; a plain function runs in a thread.
        post: Handler of POST.
        delete: Handler of DELETE.
    """
    given = {"GET": get, "HEAD": get, "POST": post, "DELETE": delete}
    handlers = {method: _awaited(handler) for method, handler in given.items() if handler is not None}

    async def endpoint(request: Request) -> Response:
        return await handlers[request.method](request)

    return Route("/v1" + path, endpoint, methods=list(handlers))


def _awaited(handler: Handler) -> AsyncHandler:
    if inspect.iscoroutinefunction(handler):
        return handler

    async def call(request: Request) -> Response:
        return await run_in_threadpool(cast("SyncHandler", handler), request)

    return call


def with_body(kind: type[Body], handle: Callable[[Request, Body], Response]) -> AsyncHandler:
    """Return a handler that parses the JSON body, and does the rest in a thread.

    Args:
        kind: What the body must be; 400 if it is not.
        handle: What is done with it.
    """

    async def call(request: Request) -> Response:
        body = parse_body(await request.body(), kind)
        return await run_in_threadpool(handle, request, body)

    return call


def parse_body(content: bytes, kind: type[Body]) -> Body:
    """Parse JSON.

    Args:
        content: The JSON.
        kind: What it must be.

    Raises:
        ApiError: 400 if it is not.
    """
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        message, place = first_problem(error)
        raise ApiError(400, f"{message} ({place or 'the body'})", param=place or None) from error


def first_problem(error: ValidationError) -> tuple[str, str]:
    """Return the first problem and its place, e.g. `messages.0.role`; the place is empty for the whole."""
    first = error.errors(include_url=False, include_input=False)[0]
    return first["msg"], ".".join(str(part) for part in first["loc"])


@contextlib.asynccontextmanager
async def open_form(request: Request) -> AsyncIterator[FormData]:
    """Parse a form of UTF-8 text and at most one file; its file is closed when the block ends.

    Raises:
        ApiError: 400 if it is of another charset, or not text.
    """
    charset = _CHARSET.search(request.headers.get("content-type", ""))
    if charset is not None and charset[1].lower() not in _CHARSETS:
        raise ApiError(400, "The form's charset must be utf-8.", code="invalid_charset")
    async with request.form(max_files=1, max_fields=20) as form:
        for name, value in form.multi_items():
            if not _is_text(name) or not _is_text((value.filename or "") if isinstance(value, UploadFile) else value):
                raise ApiError(400, "The form holds text that is not Unicode.", code="invalid_charset")
        yield form


def _is_text(text: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def find(request: Request, documents: Documents, kind: str) -> Document:
    """Return the document that the path of a request names.

    Args:
        request: The request, with the id under the kind's name in its path.
        documents: Where to look.
        kind: The kind of the document.

    Raises:
        ApiError: 404 if there is none.
    """
    name = request.path_params[kind]
    document = documents.get(kind, name)
    if document is None:
        raise missing(kind, name)
    return document


def read_limit(request: Request, *, default: int, most: int) -> int:
    """Parse how many entries a page may have.

    Raises:
        ApiError: 400 if it is not a number from 1 to `most`.
    """
    text = request.query_params.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
        raise ApiError(400, f"limit must be a whole number from 1 to {most}.", param="limit")
    return int(text)


def read_page(
    request: Request,
    documents: Documents,
    kind: str,
    *,
    parent: str | None = None,
    default: int = 20,
    where: Callable[[Document], bool] = lambda _: True,
) -> Slice:
    """Return the page of a list that a request asks for, newest first.

    Args:
        request: The request.
        documents: Where to look.
        kind: The kind of the entries.
        parent: The id of what they belong to.
        default: How many entries a page has where the request does not say.
        where: Whether an entry is wanted.

    Raises:
        ApiError: 400 if `limit`, `after` or `order` is invalid.
    """
    after = request.query_params.get("after") or None
    if after is not None and documents.get(kind, after) is None:
        raise ApiError(400, f"There is no entry {after!r} to continue after.", param="after")
    limit = read_limit(request, default=default, most=10_000)
    order = request.query_params.get("order", "desc")
    if order not in {"asc", "desc"}:
        raise ApiError(400, "order must be asc or desc.", param="order")
    return documents.page(kind, parent=parent, after=after, limit=limit, newest_first=order == "desc", where=where)


def as_list(page: Slice, entries: Sequence[Document]) -> Document:
    """Return a list in the API's shape."""
    ends = {"first_id": entries[0]["id"], "last_id": entries[-1]["id"]} if entries else {"first_id": "", "last_id": ""}
    return {"object": "list", "data": list(entries), "has_more": page.has_more, **ends}
