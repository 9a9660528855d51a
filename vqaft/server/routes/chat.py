"""Chat completions."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vqaft.server.chat_request import ChatBody
from vqaft.server.completion import complete
from vqaft.server.routes.reading import read_body
from vqaft.server.shelf import Shelf


def chat_routes(shelf: Shelf) -> list[Route]:
    """Give the routes.

    Args:
        shelf: The models that can be asked.
    """

    async def create(request: Request) -> Response:
        body = await read_body(request, ChatBody)
        return JSONResponse(await run_in_threadpool(complete, shelf, body))

    return [Route("/v1/chat/completions", create, methods=["POST"])]
