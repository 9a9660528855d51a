"""Files: uploaded whole or in parts, listed, described, downloaded, deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from vqaft.server.http.errors import ApiError
from vqaft.server.http.requests import as_list, find, open_form, read_page, resource, with_body
from vqaft.server.store.documents import Document, public
from vqaft.server.store.state import State, new_id

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


MAX_UPLOAD_BYTES = 8 << 30
MAX_PART_BYTES = 64 << 20
LIFE_S = 3600
"""Seconds until an upload expires."""


class UploadBody(BaseModel):
    """Request that creates an upload."""

    model_config = ConfigDict(strict=True)

    filename: Annotated[str, Field(min_length=1)]
    purpose: Literal["assistants", "batch", "fine-tune", "vision"]
    bytes: Annotated[int, Field(ge=0, le=MAX_UPLOAD_BYTES)]
    mime_type: str


class CompletionBody(BaseModel):
    """Request that completes an upload."""

    model_config = ConfigDict(strict=True)

    part_ids: list[str]
    md5: str | None = None


@dataclass(frozen=True)
class UploadRoutes:
    """Routes of uploads.

    Attributes:
        state: The server's state.
    """

    state: State

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            resource("/uploads", post=with_body(UploadBody, self.create)),
            resource("/uploads/{upload}/parts", post=self.add_part),
            resource("/uploads/{upload}/complete", post=with_body(CompletionBody, self.complete)),
            resource("/uploads/{upload}/cancel", post=self.cancel),
        ]

    def create(self, _: Request, body: UploadBody) -> Response:
        """Create an upload."""
        self.state.remove_dead_parts()
        now = self.state.now()
        document = {
            "id": new_id("upload_"),
            "object": "upload",
            "bytes": body.bytes,
            "created_at": now,
            "expires_at": now + LIFE_S,
            "file": None,
            "filename": body.filename,
            "purpose": body.purpose,
            "status": "pending",
        }
        return JSONResponse(self.state.documents.insert("upload", document))

    async def add_part(self, request: Request) -> Response:
        """Store a part."""
        upload = await run_in_threadpool(self._pending, request)
        async with open_form(request) as form:
            data = form.get("data")
            if not isinstance(data, UploadFile):
                raise ApiError(400, "The form has no data.", param="data")
            if (data.size or 0) > MAX_PART_BYTES:
                raise ApiError(413, f"The part is larger than {MAX_PART_BYTES} bytes.", param="data")
            return JSONResponse(public(await run_in_threadpool(self._keep, upload["id"], data.file)))

    def complete(self, request: Request, body: CompletionBody) -> Response:
        """Join the parts into a file."""
        return JSONResponse(self._complete(self._pending(request), body))

    def cancel(self, request: Request) -> Response:
        """Cancel an upload."""
        upload = self._pending(request)
        return JSONResponse(self._end(upload["id"], {"status": "cancelled"}))

    def _pending(self, request: Request) -> Document:
        upload = find(request, self.state.documents, "upload")
        if upload["status"] == "pending" and self.state.now() >= upload["expires_at"]:
            upload = self._end(upload["id"], {"status": "expired"})
        return _still_pending(upload)

    def _keep(self, upload: str, content: IO[bytes]) -> Document:
        part: Document = {
            "id": new_id("part_"),
            "object": "upload.part",
            "created_at": self.state.now(),
            "upload_id": upload,
        }
        part["_bytes"] = self.state.store_part(part["id"], content)
        try:
            with self.state.documents.transaction():
                _still_pending(self._read(upload))  # it may have ended while the part came in
                return self.state.documents.insert("part", part, parent=upload)
        except ApiError:
            self.state.part_path(part["id"]).unlink()
            raise

    def _complete(self, upload: Document, body: CompletionBody) -> Document:
        own = self.state.documents.page("part", parent=upload["id"], limit=100_000).documents
        sizes = {part["id"]: part["_bytes"] for part in own}
        if len(set(body.part_ids)) < len(body.part_ids) or not set(body.part_ids) <= sizes.keys():
            raise ApiError(400, "part_ids must name parts of this upload, each once.", param="part_ids")
        total = sum(sizes[name] for name in body.part_ids)
        if total != upload["bytes"]:
            raise ApiError(400, f"The parts have {total} bytes, not {upload['bytes']}.", param="part_ids")
        with TemporaryFile(dir=self.state.folder) as whole:
            if body.md5 not in {None, self._joined(upload, body.part_ids, whole)}:
                raise ApiError(400, "The parts have another MD5.", param="md5", code="checksum_mismatch")
            whole.seek(0)
            return self._as_file(upload, self.state.store_file(whole))

    def _joined(self, upload: Document, parts: Iterable[str], whole: IO[bytes]) -> str:
        try:
            return _join(map(self.state.part_path, parts), whole)
        except FileNotFoundError:  # another request has just ended the upload
            _still_pending(self._read(upload["id"]))
            raise

    def _as_file(self, upload: Document, stored: str) -> Document:
        try:
            with self.state.documents.transaction():
                file = self.state.name_file(stored, filename=upload["filename"], purpose=upload["purpose"])
                ended = self._step(upload["id"], {"status": "completed", "file": file})
        except ApiError:
            self.state.file_path(stored).unlink()
            raise
        self.state.remove_dead_parts()
        return ended

    def _read(self, upload: str) -> Document:
        document = self.state.documents.get("upload", upload)
        assert document is not None  # noqa: S101 - uploads are never deleted
        return document

    def _end(self, upload: str, changes: Document) -> Document:
        ended = self._step(upload, changes)
        self.state.remove_dead_parts()
        return ended

    def _step(self, upload: str, changes: Document) -> Document:
        ended = self.state.documents.change("upload", upload, lambda old: {**old, **changes}, status_in=("pending",))
        return ended or _still_pending(self._read(upload))  # another request may have ended it a moment ago


def _still_pending(upload: Document) -> Document:
    if upload["status"] != "pending":
        raise ApiError(400, f"The upload is {upload['status']}.", param="upload_id", code="upload_not_pending")
    return upload


def _join(parts: Iterable[Path], whole: IO[bytes]) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for path in parts:
        content = path.read_bytes()
        digest.update(content)
        whole.write(content)
    return digest.hexdigest()
