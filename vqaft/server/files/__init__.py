"""Files and multipart uploads of the server."""

from vqaft.server.files.routes import FileRoutes
from vqaft.server.files.uploads import UploadRoutes

__all__ = [
    "FileRoutes",
    "UploadRoutes",
]
