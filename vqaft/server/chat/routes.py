"""Chat completions."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vqaft.server.chat.completion import ChatBody, complete
from vqaft.server.http.requests import as_list, read_body, read_page, resource
from vqaft.server.models.model_cache import ModelCache
from vqaft.server.store.state import State


def chat_routes(state: State, shelf: ModelCache) -> list[Route]:
    """Give the routes.

    Args:
        state: What the server keeps.
        shelf: The models that can be asked.
    """

    async def create(request: Request) -> Response:
        body = await read_body(request, ChatBody)
        return JSONResponse(await run_in_threadpool(complete, shelf, body))

    def listing(request: Request) -> Response:
        page = read_page(request, state.documents, "completion")  # none is ever stored: the list is empty
        return JSONResponse(as_list(page, page.documents))

    return [resource("/chat/completions", get=listing, post=create)]
