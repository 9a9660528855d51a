"""Batches: create, list, describe, cancel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vqaft.server.batches.record import BatchRecord
from vqaft.server.batches.runner import BatchRunner
from vqaft.server.http.errors import ApiError
from vqaft.server.http.requests import as_list, find, read_page, resource, with_body
from vqaft.server.jobs.request import Key, Value
from vqaft.server.store.documents import Document
from vqaft.server.store.state import State, new_id

DAY_S = 86_400


class BatchBody(BaseModel):
    """Request that creates a batch."""

    model_config = ConfigDict(strict=True)

    input_file_id: str
    endpoint: Literal["/v1/chat/completions"]
    completion_window: Literal["24h"]
    metadata: Annotated[dict[Key, Value], Field(max_length=16)] | None = None


@dataclass(frozen=True)
class BatchRoutes:
    """Routes of batches.

    Attributes:
        state: The server's state.
        runner: The batch runner.
    """

    state: State
    runner: BatchRunner

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            resource("/batches", get=self.list, post=with_body(BatchBody, self.create)),
            resource("/batches/{batch}", get=self.retrieve),
            resource("/batches/{batch}/cancel", post=self.cancel),
        ]

    def create(self, _: Request, body: BatchBody) -> Response:
        """Create a batch."""
        file = self.state.documents.get("file", body.input_file_id)
        if file is None or file["purpose"] != "batch":
            message = f"There is no file {body.input_file_id!r} with the purpose 'batch'."
            raise ApiError(400, message, param="input_file_id", code="file_not_found")
        now = self.state.now()
        document: Document = {
            "id": new_id("batch_"),
            "object": "batch",
            "endpoint": body.endpoint,
            "input_file_id": body.input_file_id,
            "completion_window": body.completion_window,
            "status": "validating",
            "created_at": now,
            "expires_at": now + DAY_S,
            "metadata": body.metadata,
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
        }
        self.state.documents.insert("batch", document)
        self.runner.submit(document["id"])
        return JSONResponse(document)

    def list(self, request: Request) -> Response:
        """Return a page of the batches, newest first."""
        page = read_page(request, self.state.documents, "batch")
        return JSONResponse(as_list(page, page.documents))

    def retrieve(self, request: Request) -> Response:
        """Describe a batch."""
        return JSONResponse(find(request, self.state.documents, "batch"))

    def cancel(self, request: Request) -> Response:
        """Cancel a batch after the requests in progress; no effect on one that has ended."""
        BatchRecord(self.state, find(request, self.state.documents, "batch")["id"]).cancel()
        return self.retrieve(request)
