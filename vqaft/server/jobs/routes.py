"""Fine-tuning jobs: create, list, describe, cancel, pause, resume, events, checkpoints."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vqaft.engines import TaskChecker
from vqaft.errors import DataError
from vqaft.server.http.errors import ApiError
from vqaft.server.http.requests import as_list, find, read_page, resource, with_body
from vqaft.server.jobs.record import create_job
from vqaft.server.jobs.request import JobBody
from vqaft.server.jobs.runner import JobRunner
from vqaft.server.models import ModelCache
from vqaft.server.store.documents import public
from vqaft.server.store.state import State

PREFIX = "/fine_tuning/jobs"


@dataclass(frozen=True)
class JobRoutes:
    """Routes of fine-tuning jobs.

    Attributes:
        state: The server's state.
        runner: The job runner.
        models: The models that can be trained.
    """

    state: State
    runner: JobRunner
    models: ModelCache

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            resource("/fine_tuning/model_limits", get=self.model_limits),
            resource(PREFIX, get=self.list, post=with_body(JobBody, self.create)),
            resource(PREFIX + "/{job}", get=self.retrieve),
            resource(PREFIX + "/{job}/cancel", post=self.cancel),
            resource(PREFIX + "/{job}/pause", post=self.pause),
            resource(PREFIX + "/{job}/resume", post=self.resume),
            resource(PREFIX + "/{job}/events", get=self.events),
            resource(PREFIX + "/{job}/checkpoints", get=self.checkpoints),
        ]

    def create(self, _: Request, body: JobBody) -> Response:
        """Create a job."""
        _check(self.state, self.models, body)
        document = create_job(self.state, body)
        self.runner.submit(document["id"])
        return JSONResponse(public(document))

    def model_limits(self, _: Request) -> Response:
        """Return the models that can be trained, where OpenAI lists them, so that a client knows before it uploads."""
        return JSONResponse({"object": "list", "data": [{"model": name} for name in self.models.engines]})

    def list(self, request: Request) -> Response:
        """Return a page of the jobs, newest first."""
        wanted = _metadata_filter(request)
        page = read_page(
            request,
            self.state.documents,
            "job",
            where=lambda job: wanted.items() <= (job["metadata"] or {}).items(),
        )
        entries = [public(job) for job in page.documents]
        return JSONResponse({"object": "list", "data": entries, "has_more": page.has_more})

    def retrieve(self, request: Request) -> Response:
        """Describe a job."""
        return JSONResponse(public(find(request, self.state.documents, "job")))

    def cancel(self, request: Request) -> Response:
        """Cancel a job."""
        self.runner.cancel(find(request, self.state.documents, "job")["id"])
        return self.retrieve(request)

    def pause(self, request: Request) -> Response:
        """Pause a job."""
        self.runner.pause(find(request, self.state.documents, "job")["id"])
        return self.retrieve(request)

    def resume(self, request: Request) -> Response:
        """Resume a paused job."""
        self.runner.resume(find(request, self.state.documents, "job")["id"])
        return self.retrieve(request)

    def events(self, request: Request) -> Response:
        """Return a page of a job's events, newest first."""
        page = read_page(
            request, self.state.documents, "event", parent=find(request, self.state.documents, "job")["id"]
        )
        return JSONResponse({"object": "list", "data": page.documents, "has_more": page.has_more})

    def checkpoints(self, request: Request) -> Response:
        """Return a page of a job's checkpoints, newest first."""
        page = read_page(
            request,
            self.state.documents,
            "checkpoint",
            parent=find(request, self.state.documents, "job")["id"],
            default=10,
        )
        return JSONResponse(as_list(page, page.documents))


def _check(state: State, models: ModelCache, body: JobBody) -> None:
    if body.method is not None and body.method.type != "supervised":
        raise ApiError(400, f"This server cannot train by {body.method.type!r}.", param="method.type")
    if body.model not in models.engines:
        known = ", ".join(models.engines)
        message = f"The model {body.model!r} cannot be fine-tuned here; these can: {known}."
        raise ApiError(400, message, param="model", code="model_not_found")
    _check_options(models, body)
    for param, name in (("training_file", body.training_file), ("validation_file", body.validation_file)):
        file = None if name is None else state.documents.get("file", name)
        if name is not None and (file is None or file["purpose"] != "fine-tune"):
            message = f"There is no file {name!r} with the purpose 'fine-tune'."
            raise ApiError(400, message, param=param, code="file_not_found")


def _check_options(models: ModelCache, body: JobBody) -> None:
    engine = models.engines[body.model]
    if not isinstance(engine, TaskChecker):
        return  # what an engine does not know is left aside, as OpenAI's newer fields are
    try:
        engine.check_options(body.options)
    except DataError as error:
        param = error.message.partition(":")[0] if ":" in error.message else "model"
        raise ApiError(400, str(error), param=param) from error


def _metadata_filter(request: Request) -> dict[str, str]:
    prefix = "metadata["
    query = request.query_params
    names = {key: key.removeprefix(prefix).removesuffix("]") for key in query if key.startswith(prefix)}
    if any("[" in name or "]" in name for name in names.values()):
        raise ApiError(400, "metadata holds plain text.", param="metadata")
    return {name: query[key] for key, name in names.items()}
