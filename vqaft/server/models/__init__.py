"""Models of the server and the cache of loaded ones."""

from vqaft.server.models.routes import model_routes

__all__ = [
    "model_routes",
]
