"""Fine-tuning jobs of the server: records, requests, training processes."""

from vqaft.server.jobs.routes import JobRoutes

__all__ = [
    "JobRoutes",
]
