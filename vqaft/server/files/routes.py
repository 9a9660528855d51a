"""Files: upload, list, describe, download, delete."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from vqaft.server.http.errors import ApiError
from vqaft.server.http.requests import as_list, find, open_form, read_page, resource
from vqaft.server.store.documents import public
from vqaft.server.store.state import State

PURPOSES = frozenset({"fine-tune", "batch", "vision", "user_data", "assistants"})
MAX_FILE_BYTES = 512 << 20


@dataclass(frozen=True)
class FileRoutes:
    """Routes of files.

    Attributes:
        state: The server's state.
    """

    state: State

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            resource("/files", get=self.list, post=self.create),
            resource("/files/{file}", get=self.retrieve, delete=self.delete),
            resource("/files/{file}/content", get=self.content),
        ]

    async def create(self, request: Request) -> Response:
        """Store a file that is sent as a form."""
        async with open_form(request) as form:
            file, purpose = _sent(form)
            name = file.filename or "file"
            kept = await run_in_threadpool(self.state.add_file, file.file, filename=name, purpose=purpose)
            return JSONResponse(kept)

    def list(self, request: Request) -> Response:
        """Return a page of the files."""
        purpose = request.query_params.get("purpose")
        page = read_page(
            request,
            self.state.documents,
            "file",
            default=10_000,
            where=lambda file: purpose in {None, file["purpose"]},
        )
        return JSONResponse(as_list(page, [public(file) for file in page.documents]))

    def retrieve(self, request: Request) -> Response:
        """Describe a file."""
        return JSONResponse(public(find(request, self.state.documents, "file")))

    def content(self, request: Request) -> Response:
        """Return the bytes of a file."""
        name = find(request, self.state.documents, "file")["id"]
        path = self.state.file_path(name)
        if not path.is_file():
            raise ApiError(404, f"The content of the file {name} is gone from the server's folder.", code="file_gone")
        return FileResponse(path, media_type="application/octet-stream")

    def delete(self, request: Request) -> Response:
        """Delete a file."""
        name = find(request, self.state.documents, "file")["id"]
        return JSONResponse({"id": name, "object": "file", "deleted": self.state.delete_file(name)})


def _sent(form: FormData) -> tuple[UploadFile, str]:
    file, purpose = form.get("file"), form.get("purpose")
    if not isinstance(file, UploadFile):
        raise ApiError(400, "The form has no file.", param="file")
    if not isinstance(purpose, str) or purpose not in PURPOSES:
        raise ApiError(400, f"purpose must be one of {', '.join(sorted(PURPOSES))}.", param="purpose")
    if (file.size or 0) > MAX_FILE_BYTES:
        raise ApiError(413, f"The file is larger than {MAX_FILE_BYTES} bytes.", param="file")
    if any(name.startswith("expires_after") for name in form):
        raise ApiError(400, "This server keeps files until they are deleted.", param="expires_after")
    return file, purpose
