"""A job as people see it, with what OpenAI's contract has no field for: its pause, its suffix, its progress."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from vqaft.server.jobs.record import GOING, STARTED, training_steps
from vqaft.server.store.documents import Document
from vqaft.server.store.state import State
from vqaft.typed import typed

CHECKPOINTS = 1_000
"""The most checkpoints that are read of a job."""


@dataclass(frozen=True, kw_only=True)
@typed
class JobView:
    """One job at a moment.

    Attributes:
        id: Its id.
        status: As the API has it, or "paused", which the API shows as "queued".
        model: The base model.
        suffix: What the user wants in the tuned model's name.
        tuned_model: The tuned model, once there is one.
        training_file: The id of the training file.
        validation_file: The id of the validation file, where there is one.
        result_files: The ids of the files with the metrics.
        hyperparameters: As asked for, then as used.
        seed: Of everything that is drawn by chance.
        metadata: The user's own pairs.
        created_at: Seconds since 1970.
        finished_at: Seconds since 1970, once it has ended.
        estimated_finish: Seconds since 1970, while it is trained.
        trained_tokens: Tokens trained on, once it has succeeded.
        error: Why it failed, in words.
        progress: The data of its newest metrics event; empty before the first one since training began anew.
    """

    id: str
    status: str
    model: str
    suffix: str | None
    tuned_model: str | None
    training_file: str
    validation_file: str | None
    result_files: tuple[str, ...]
    hyperparameters: Mapping[str, Any] = field(hash=False)
    seed: int
    metadata: Mapping[str, str] = field(hash=False)
    created_at: int
    finished_at: int | None
    estimated_finish: int | None
    trained_tokens: int | None
    error: str | None
    progress: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def going(self) -> bool:
        """Whether it is validated, waits for its turn, or is trained; a paused job is not."""
        return self.status in GOING


def list_jobs(state: State, *, after: str | None = None, limit: int = 20) -> tuple[tuple[JobView, ...], bool]:
    """Return a page of the jobs, newest first, and whether there are more.

    Args:
        state: The server's state.
        after: Only jobs that are older than the one of this id.
        limit: The most jobs to return.
    """
    page = state.documents.page("job", after=after, limit=limit)
    return tuple(_view(state, document) for document in page.documents), page.has_more


def find_job(state: State, job: str) -> JobView | None:
    """Return a job, or None if there is none.

    Args:
        state: The server's state.
        job: Its id.
    """
    document = state.documents.get("job", job)
    return None if document is None else _view(state, document)


def job_steps(state: State, job: str) -> list[Mapping[str, Any]]:
    """Return the data of a job's metrics events since its training began anew, each step once, in their order.

    Args:
        state: The server's state.
        job: Its id.
    """
    return [*training_steps(state, job)]


def job_events(state: State, job: str, *, limit: int) -> tuple[tuple[Document, ...], bool]:
    """Return the newest events of a job as the API shows them, newest first, and whether there are more.

    Args:
        state: The server's state.
        job: Its id.
        limit: The most events to return.
    """
    page = state.documents.page("event", parent=job, limit=limit)
    return page.documents, page.has_more


def job_checkpoints(state: State, job: str) -> tuple[Document, ...]:
    """Return the checkpoints of a job as the API shows them, newest first.

    Args:
        state: The server's state.
        job: Its id.
    """
    return state.documents.page("checkpoint", parent=job, limit=CHECKPOINTS).documents


def _view(state: State, document: Document) -> JobView:
    newest = state.documents.page("event", parent=document["id"], limit=1, where=_tells_progress).documents
    error = document["error"]
    return JobView(
        id=document["id"],
        status="paused" if document["_paused"] else document["status"],
        model=document["model"],
        suffix=document["_suffix"],
        tuned_model=document["fine_tuned_model"],
        training_file=document["training_file"],
        validation_file=document["validation_file"],
        result_files=tuple(document["result_files"]),
        hyperparameters=MappingProxyType(document["hyperparameters"]),
        seed=document["seed"],
        metadata=MappingProxyType(document["metadata"] or {}),
        created_at=document["created_at"],
        finished_at=document["finished_at"],
        estimated_finish=document["estimated_finish"],
        trained_tokens=document["trained_tokens"],
        error=None if error is None else error["message"],
        progress=MappingProxyType(newest[0]["data"] if newest else {}),
    )


def _tells_progress(event: Document) -> bool:
    return bool(event["type"] == "metrics" or event["message"] == STARTED)
