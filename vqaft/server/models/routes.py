"""Models: list, describe, delete."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vqaft.server.http.requests import resource
from vqaft.server.models.model_cache import ModelCache


def model_routes(models: ModelCache) -> list[Route]:
    """Return the routes.

    Args:
        models: The models.
    """

    def listing(_: Request) -> Response:
        return JSONResponse({"object": "list", "data": models.all()})

    def retrieve(request: Request) -> Response:
        return JSONResponse(models.describe(request.path_params["model"]))

    def delete(request: Request) -> Response:
        name = request.path_params["model"]
        models.delete(name)
        return JSONResponse({"id": name, "object": "model", "deleted": True})

    return [
        resource("/models", get=listing),
        resource("/models/{model:path}", get=retrieve, delete=delete),
    ]
