"""The routes of the API, by subject."""

from vqaft.server.routes.chat import chat_routes
from vqaft.server.routes.files import FileRoutes
from vqaft.server.routes.jobs import JobRoutes
from vqaft.server.routes.models import model_routes

__all__ = ["FileRoutes", "JobRoutes", "chat_routes", "model_routes"]
