"""The server as an ASGI application."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Collection, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vqaft.engines import ChatModel, Engine, MemoryOwner
from vqaft.server.batches.routes import BatchRoutes
from vqaft.server.batches.runner import BatchRunner
from vqaft.server.chat.routes import chat_routes
from vqaft.server.files.routes import FileRoutes
from vqaft.server.files.uploads import UploadRoutes
from vqaft.server.http.errors import ApiError, on_api_error, on_crash, on_http_error
from vqaft.server.http.guard import Guard
from vqaft.server.jobs.routes import JobRoutes
from vqaft.server.jobs.runner import JobRunner
from vqaft.server.models.model_cache import ModelCache
from vqaft.server.models.routes import model_routes
from vqaft.server.store.state import State


def create_app(
    state: State,
    *,
    api_key: str,
    engines: Mapping[str, Engine],
    judges: Mapping[str, ChatModel],
    hosts: Collection[str] | None = ("127.0.0.1", "localhost", "[::1]"),
) -> Starlette:
    """Make the application.

    Args:
        state: What the server keeps.
        api_key: The token that requests must bear.
        engines: What trains and answers, by the name of its base model.
        judges: Models that answer and cannot be trained, by name.
        hosts: Host names by which the server may be called; None for any.
    """
    shelf = ModelCache(state, engines=engines, judges=judges)
    runner = JobRunner(state, engines)
    batches = BatchRunner(state, shelf)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        runner.start()
        batches.start()
        yield
        runner.stop()  # first, for a training that was interrupted with the server waits to hear that it stops
        batches.stop()
        for engine in engines.values():
            if isinstance(engine, MemoryOwner):
                engine.close()
        state.close()

    return Starlette(
        routes=[
            Route("/health", _health),
            *FileRoutes(state).routes(),
            *UploadRoutes(state).routes(),
            *JobRoutes(state, runner, shelf).routes(),
            *BatchRoutes(state, batches).routes(),
            *chat_routes(state, shelf),
            *model_routes(shelf),
        ],
        middleware=[Middleware(Guard, api_key=api_key, hosts=hosts)],
        exception_handlers={ApiError: on_api_error, HTTPException: on_http_error, Exception: on_crash},
        lifespan=lifespan,
    )


def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})
