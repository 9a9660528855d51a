"""Chat completions."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from vqaft.server.chat.completion import ChatBody, complete, stream_completion
from vqaft.server.http.requests import as_list, parse_body, read_page, resource
from vqaft.server.models.model_cache import ModelCache
from vqaft.server.store.state import State

ANSWERED_AT_ONCE = 32
"""Chat completions that are answered concurrently; they have threads of their own, so that other routes do not wait."""


def chat_routes(state: State, models: ModelCache) -> list[Route]:
    """Return the routes.

    Args:
        state: The server's state.
        models: The models that answer.
    """
    answering = CapacityLimiter(ANSWERED_AT_ONCE)

    async def create(request: Request) -> Response:
        body = parse_body(await request.body(), ChatBody)
        if body.stream:
            events = await to_thread.run_sync(_begun, stream_completion(models, body), limiter=answering)
            return StreamingResponse(events, media_type="text/event-stream")
        return JSONResponse(await to_thread.run_sync(complete, models, body, limiter=answering))

    def listing(request: Request) -> Response:
        page = read_page(request, state.documents, "completion")  # none is ever stored: the list is empty
        return JSONResponse(as_list(page, page.documents))

    return [resource("/chat/completions", get=listing, post=create)]


def _begun(events: Iterator[bytes]) -> Iterator[bytes]:
    """Wait for the first event, so that a refused request gets a status of its own."""
    return itertools.chain([next(events)], events)
