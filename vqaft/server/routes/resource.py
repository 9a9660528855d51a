"""One path and what can be done with it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TypeAlias, cast

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

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
