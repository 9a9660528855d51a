"""ASGI application: routes by resource, access control, and the workers behind them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from vqaft.engines import ChatModel, Engine, MemoryOwner
from vqaft.server.batches.routes import BatchRoutes
from vqaft.server.batches.runner import BatchRunner
from vqaft.server.chat import chat_routes
from vqaft.server.files import FileRoutes, UploadRoutes
from vqaft.server.http.errors import ApiError, on_api_error, on_crash, on_http_error
from vqaft.server.http.guard import Guard
from vqaft.server.jobs.routes import JobRoutes
from vqaft.server.jobs.runner import JobRunner
from vqaft.server.models import ModelCache, model_routes
from vqaft.server.store.state import State

TRASH_LOOK_S = 3600.0
"""Seconds between two looks into the trash."""


@dataclass(frozen=True, kw_only=True)
class Served:
    """What a server serves, for an application that is put in front of it.

    Attributes:
        app: The application of the API.
        state: The server's state.
        api_key: The token that requests to the API bear.
        hosts: Host names, in lower case, by which the server may be called; None for any.
    """

    app: ASGIApp
    state: State
    api_key: str = field(repr=False)
    hosts: Collection[str] | None = ("127.0.0.1", "localhost", "[::1]")


def create_app(
    state: State,
    *,
    api_key: str,
    engines: Mapping[str, Engine],
    judges: Mapping[str, ChatModel],
    hosts: Collection[str] | None = ("127.0.0.1", "localhost", "[::1]"),
) -> Starlette:
    """Return the application.

    Args:
        state: The server's state; closed when the application stops.
        api_key: The token that requests must bear.
        engines: The engines, by the name of the base model.
        judges: Models that answer and cannot be trained, by name.
        hosts: Host names by which the server may be called; None for any.
    """
    models = ModelCache(state, engines=engines, judges=judges)
    runner = JobRunner(state, engines)
    batches = BatchRunner(state, models)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        runner.start()
        batches.start()
        emptying = asyncio.create_task(_empty_trash(state))
        yield
        emptying.cancel()
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
            *JobRoutes(state, runner, models).routes(),
            *BatchRoutes(state, batches).routes(),
            *chat_routes(state, models),
            *model_routes(models),
        ],
        middleware=[Middleware(Guard, api_key=api_key, hosts=hosts)],
        exception_handlers={ApiError: on_api_error, HTTPException: on_http_error, Exception: on_crash},
        lifespan=lifespan,
    )


async def _empty_trash(state: State) -> None:
    while True:
        await asyncio.sleep(TRASH_LOOK_S)
        await asyncio.to_thread(state.empty_trash)


def _health(_: Request) -> Response:
    return JSONResponse({"status": "ok"})
