"""The routes of the API, by subject."""

from vqaft.server.routes.batches import BatchRoutes
from vqaft.server.routes.chat import chat_routes
from vqaft.server.routes.files import FileRoutes
from vqaft.server.routes.jobs import JobRoutes
from vqaft.server.routes.models import model_routes
from vqaft.server.routes.uploads import UploadRoutes

__all__ = ["BatchRoutes", "FileRoutes", "JobRoutes", "UploadRoutes", "chat_routes", "model_routes"]
