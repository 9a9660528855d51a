"""Models: list, describe, delete."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vqaft.server.routes.resource import resource
from vqaft.server.shelf import Shelf


def model_routes(shelf: Shelf) -> list[Route]:
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
        resource("/models/{model}", get=retrieve, delete=delete),
    ]
