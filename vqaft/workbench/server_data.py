"""What the pages read and do: documents from the server's state, everything else through its API."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx

from vqaft.durable import os_errors_as_state
from vqaft.errors import RequestRefusedError
from vqaft.server import (
    JobView,
    Served,
    find_job,
    job_checkpoints,
    job_events,
    job_steps,
    list_jobs,
)

JobAction = Literal["cancel", "pause", "resume"]


@dataclass(frozen=True)
class ServerData:
    """The one seam between the pages and the server.

    What is read often comes straight from the state; what the API decides (jobs, models, answers) is asked of the API
    in this process, with its token, which therefore never leaves it.

    Attributes:
        served: The server.
    """

    served: Served

    @property
    def version(self) -> int:
        """A number that is equal as long as no document has changed: cheap enough for every poll."""
        return self.served.state.documents.changes

    @property
    def folder(self) -> Path:
        """The server's folder."""
        return self.served.state.folder

    def jobs(self, *, after: str | None = None, limit: int = 20) -> tuple[tuple[JobView, ...], bool]:
        """Return a page of the jobs, newest first, and whether there are more."""
        return list_jobs(self.served.state, after=after, limit=limit)

    def job(self, job: str) -> JobView | None:
        """Return a job, or None if there is none."""
        return find_job(self.served.state, job)

    def steps(self, job: str) -> list[Mapping[str, Any]]:
        """Return what was measured in a job, each step once, in their order."""
        return job_steps(self.served.state, job)

    def events(self, job: str, *, limit: int = 100) -> tuple[tuple[Mapping[str, Any], ...], bool]:
        """Return the newest events of a job, newest first, and whether there are more."""
        return job_events(self.served.state, job, limit=limit)

    def checkpoints(self, job: str) -> tuple[Mapping[str, Any], ...]:
        """Return the checkpoints of a job, newest first."""
        return job_checkpoints(self.served.state, job)

    def file(self, file: str) -> Mapping[str, Any] | None:
        """Return the document of a file, or None if there is none."""
        return self.served.state.documents.get("file", file)

    def files(
        self, *, purpose: str | None = None, after: str | None = None, limit: int = 100
    ) -> tuple[tuple[Mapping[str, Any], ...], bool]:
        """Return a page of the files, newest first, and whether there are more.

        Args:
            purpose: Only files of this purpose, e.g. "fine-tune".
            after: Only files that are older than the one of this id.
            limit: The most files to return.
        """
        page = self.served.state.documents.page(
            "file", after=after, limit=limit, where=lambda file: purpose in {None, file["purpose"]}
        )
        return page.documents, page.has_more

    def file_path(self, file: str) -> Path:
        """Return the path of a file's bytes; they may have been deleted."""
        return self.served.state.file_path(file)

    def store_file(self, path: Path, *, purpose: str = "fine-tune") -> str:
        """Store a copy of a file of this machine as a file of the server; return its id.

        Args:
            path: The file.
            purpose: What it is for.

        Raises:
            StateError: If it cannot be read, or the copy cannot be written.
        """
        with os_errors_as_state(path, doing="cannot be stored"), path.open("rb") as content:
            return str(self.served.state.add_file(content, filename=path.name, purpose=purpose)["id"])

    async def act(self, job: str, action: JobAction) -> None:
        """Cancel, pause or resume a job; no effect on one that has ended.

        Raises:
            RequestRefusedError: If there is no such job.
        """
        await self._call("POST", f"/fine_tuning/jobs/{job}/{action}")

    async def models(self) -> tuple[Mapping[str, Any], ...]:
        """Return the models: the base models, the judges, then the tuned ones, the newest first."""
        listed: Mapping[str, Any] = await self._call("GET", "/models")
        return tuple(listed["data"])

    async def ask(self, model: str, messages: bytes) -> str:
        """Ask a model.

        Args:
            model: Its name.
            messages: The conversation as a JSON array.

        Returns:
            The answer.

        Raises:
            RequestRefusedError: If the API refuses the conversation, or the model cannot answer.
        """
        body = b'{"model":%b,"messages":%b}' % (json.dumps(model).encode(), messages)
        answer = await self._call("POST", "/chat/completions", body)
        return str(answer["choices"][0]["message"]["content"])

    async def _call(self, method: str, path: str, body: bytes = b"") -> Any:
        async with self._client() as client:
            return _checked(await client.request(method, path, content=body))

    @contextlib.asynccontextmanager
    async def _client(self) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(app=self.served.app)
        headers = {"authorization": f"Bearer {self.served.api_key}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/v1", headers=headers) as client:
            yield client


def _checked(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json()
    try:
        message = str(answer.json()["error"]["message"])
    except (json.JSONDecodeError, KeyError, TypeError):
        message = f"The server answered {answer.status_code}."
    raise RequestRefusedError(message.rstrip("."))
