"""Batches of the server."""

from vqaft.server.batches.routes import BatchRoutes

__all__ = [
    "BatchRoutes",
]
