"""What a request says: its body and its query, checked.

JSON that somebody sent, checked.

One path and what can be done with it.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias, TypeVar, cast

from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from vqaft.server.http.errors import ApiError, missing
from vqaft.server.store.documents import Document, Documents, Slice

Body = TypeVar("Body", bound=BaseModel)


def parse_body(content: bytes, kind: type[Body]) -> Body:
    """Read JSON.

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
    """Give the first thing that is wrong, and its place, e.g. `messages.0.role`; the place is empty for the whole."""
    first = error.errors(include_url=False, include_input=False)[0]
    return first["msg"], ".".join(str(part) for part in first["loc"])


SyncHandler: TypeAlias = Callable[[Request], Response]


AsyncHandler: TypeAlias = Callable[[Request], Awaitable[Response]]


Handler: TypeAlias = SyncHandler | AsyncHandler


def resource(
    path: str, *, get: Handler | None = None, post: Handler | None = None, delete: Handler | None = None
) -> Route:
    """Make one route of all methods of a path, so that the answer to another method names them all.

    Args:
        path: The path below `/v1`.
        get: What answers GET.
        post: What answers POST.
        delete: What answers DELETE.
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


async def read_body(request: Request, kind: type[Body]) -> Body:
    """Read a request's JSON body.

    Args:
        request: The request.
        kind: What it must be.

    Raises:
        ApiError: 400 if it is not.
    """
    return parse_body(await request.body(), kind)


def find(request: Request, documents: Documents, kind: str) -> Document:
    """Give the document that the path of a request names.

    Args:
        request: The request, with the id under the kind's name in its path.
        documents: Where to look.
        kind: What it is.

    Raises:
        ApiError: 404 if there is none.
    """
    name = request.path_params[kind]
    document = documents.get(kind, name)
    if document is None:
        raise missing(kind, name)
    return document


def read_limit(request: Request, *, default: int, most: int) -> int:
    """Read how many entries a page may have.

    Raises:
        ApiError: 400 if it is no number from 1 to `most`.
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
    """Give the page of a list that a request asks for, newest first.

    Args:
        request: The request.
        documents: Where to look.
        kind: What the entries are.
        parent: The id of what they belong to.
        default: How many entries a page has where the request does not say.
        where: Tells which entries are wanted.

    Raises:
        ApiError: 400 if `limit`, `after` or `order` is wrong.
    """
    after = request.query_params.get("after") or None
    if after is not None and documents.get(kind, after) is None:
        raise ApiError(400, f"There is no entry {after!r} to go on after.", param="after")
    limit = read_limit(request, default=default, most=10_000)
    order = request.query_params.get("order", "desc")
    if order not in {"asc", "desc"}:
        raise ApiError(400, "order must be asc or desc.", param="order")
    return documents.page(kind, parent=parent, after=after, limit=limit, newest_first=order == "desc", where=where)


def as_list(page: Slice, entries: Sequence[Document]) -> Document:
    """Give a list as the API does."""
    ends = {"first_id": entries[0]["id"], "last_id": entries[-1]["id"]} if entries else {"first_id": "", "last_id": ""}
    return {"object": "list", "data": list(entries), "has_more": page.has_more, **ends}
