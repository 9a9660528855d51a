"""Models: list, describe, delete."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vqaft.server.http.requests import resource
from vqaft.server.models.model_cache import ModelCache


def model_routes(shelf: ModelCache) -> list[Route]:
    """Give the routes.

    Args:
        shelf: The models.
    """

    def listing(_: Request) -> Response:
        return JSONResponse({"object": "list", "data": shelf.all()})

    def retrieve(request: Request) -> Response:
        return JSONResponse(shelf.describe(request.path_params["model"]))

    def delete(request: Request) -> Response:
        name = request.path_params["model"]
        shelf.delete(name)
        return JSONResponse({"id": name, "object": "model", "deleted": True})

    return [
        resource("/models", get=listing),
        resource("/models/{model:path}", get=retrieve, delete=delete),
    ]
