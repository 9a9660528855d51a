"""Job record: the document that the API shows, its state transitions as transactions, and its metrics as CSV."""

from __future__ import annotations

import csv
import io
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from time import monotonic
from typing import Any

from vqaft.engines import TrainingMetrics, TrainingNote, TrainingResult
from vqaft.server.jobs.process import TrainingFailure
from vqaft.server.jobs.request import JobBody
from vqaft.server.jobs.wandb_run import refusal
from vqaft.server.store.documents import Document
from vqaft.server.store.state import State, new_id

COLUMNS = (
    "step",
    "train_loss",
    "train_accuracy",
    "valid_loss",
    "valid_mean_token_accuracy",
    "train_answer_accuracy",
    "valid_answer_accuracy",
    "learning_rate",
)


def result_csv(steps: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the metrics of a job as CSV.

    Args:
        steps: The data of the metrics events, in the order of the steps.

    Returns:
        The file, a row a report; a number that is not known is an empty cell.
    """
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for data in steps:
        values = {**data, "train_accuracy": data.get("train_mean_token_accuracy")}
        table.writerow("" if values.get(name) is None else values[name] for name in COLUMNS)
    return text.getvalue().encode()


GOING = ("validating_files", "queued", "running")
STARTED = "Fine-tuning job started"
NOT_SENT = (
    "This server keeps the integrations of a job and sends nothing to Weights & Biases itself ({why}); follow the job "
    "by FineTuneClient.wait(job, on_event=WandbCallback(run))"
)
CONTINUED = "Fine-tuning job continues from its last checkpoint"


def create_job(state: State, body: JobBody) -> Document:
    """Insert a new job.

    Args:
        state: The server's state.
        body: The request.

    Returns:
        The job's document.
    """
    settings = body.settings.model_dump()
    settings["batch_size"] = settings["batch_size"] or "auto"
    document: Document = {
        "id": new_id("ftjob-"),
        "object": "fine_tuning.job",
        "created_at": state.now(),
        "error": None,
        "estimated_finish": None,
        "fine_tuned_model": None,
        "finished_at": None,
        "hyperparameters": settings,
        "integrations": [integration.model_dump() for integration in body.integrations or ()],
        "metadata": body.metadata,
        "method": {"type": "supervised", "supervised": {"hyperparameters": settings}},
        "model": body.model,
        "organization_id": "org-local",
        "result_files": [],
        "seed": secrets.randbelow(2**31) if body.seed is None else body.seed,
        "status": "validating_files",
        "trained_tokens": None,
        "training_file": body.training_file,
        "validation_file": body.validation_file,
        "_options": body.options,
        "_paused": False,
        "_settings": settings,
        "_suffix": body.suffix,
    }
    with state.documents.transaction():
        state.documents.insert("job", document)
        state.add_event(document["id"], f"Created fine-tuning job: {document['id']}")
        if body.integrations and (why := refusal()) is not None:
            state.add_event(document["id"], NOT_SENT.format(why=why), level="warn")
        state.add_event(document["id"], f"Validating training file: {body.training_file}")
    return document


@dataclass(frozen=True)
class JobRecord:
    """State transitions of one job; each returns whether it was made, for the job may have ended or been stopped.

    A transition is atomic, also if the server is killed in it. Only a job that is trained, or was to its
    end, has models: whatever stops a training discards what it had saved, unless the engine can resume from it.

    Attributes:
        state: The server's state.
        job: The job's id.
    """

    state: State
    job: str

    def read(self) -> Document:
        """Return the document."""
        document = self.state.documents.get("job", self.job)
        assert document is not None  # noqa: S101 - jobs are never deleted
        return document

    def restart(self, *, resumable: bool = False) -> bool:
        """Queue the job anew after the server was started again; a paused job stays as it is."""
        how = "continues from its last checkpoint" if resumable else "starts again"
        message = f"The server was restarted; the job {how}."
        changes = {"status": "validating_files"}
        return self._step(GOING, changes, message, level="warn", paused=False, discard=not resumable)

    def reject(self, failure: TrainingFailure) -> bool:
        """Fail the job because of its files."""
        return self._fail(("validating_files",), failure)

    def queue(self) -> bool:
        """Queue the job, whose files are valid."""
        message = "Files validated, moving job to queued state"
        return self._step(("validating_files",), {"status": "queued"}, message, discard=False)

    def begin(self, *, resumed: bool = False) -> Document | None:
        """Record that training starts or continues; return the document, or None if the job was stopped before."""
        changes = {"status": "running", "_since": None}
        message = CONTINUED if resumed else STARTED
        begun = self._step(("queued",), changes, message, paused=False, discard=not resumed)
        return self.read() if begun else None

    def note(self, note: TrainingNote) -> bool:
        """Record a message of the engine."""
        with self.state.documents.transaction():
            if self.read()["status"] != "running":
                return False
            self.state.add_event(self.job, note.message, level=note.level)
            return True

    def tell(self, message: str, level: str) -> None:
        """Record what became of a report of the job, also after its end."""
        self.state.add_event(self.job, message, level=level)

    def step(self, metrics: TrainingMetrics) -> bool:
        """Record the metrics of a training step."""
        data = step_data(metrics)
        loss = f"training loss={metrics.train_loss:.4f}"
        loss += "" if metrics.valid_loss is None else f", validation loss={metrics.valid_loss:.4f}"
        with self.state.documents.transaction():
            if self.read()["status"] != "running":
                return False
            self.state.add_event(self.job, f"Step {metrics.step}/{metrics.total_steps}: {loss}", data=data)
            self._estimate(metrics)
            if metrics.checkpoint is not None:
                self._add_checkpoint(metrics, data, metrics.checkpoint.name)
            return True

    def succeed(self, result: TrainingResult) -> bool:
        """Record the trained model and end the job."""
        used = {
            "n_epochs": result.n_epochs,
            "batch_size": result.batch_size,
            "learning_rate_multiplier": result.learning_rate_multiplier,
        }
        with self.state.documents.transaction():
            document = self.read()
            if document["status"] != "running":
                return False
            table = io.BytesIO(result_csv(training_steps(self.state, self.job)))
            results = self.state.add_file(table, filename="step_metrics.csv", purpose="fine-tune-results")
            name = _model_name(document)
            changes = {
                "status": "succeeded",
                "estimated_finish": None,
                "finished_at": self.state.now(),
                "fine_tuned_model": name,
                "trained_tokens": result.trained_tokens,
                "result_files": [results["id"]],
                "hyperparameters": used,
                "method": {"type": "supervised", "supervised": {"hyperparameters": used}},
            }
            self.state.documents.change("job", self.job, lambda old: {**old, **changes})
            self._add_model(name, self.job)
            self.state.add_event(self.job, f"New fine-tuned model created: {name}")
            self.state.add_event(self.job, "The job has successfully completed")
            return True

    def fail(self, failure: TrainingFailure) -> bool:
        """End the job without a model."""
        return self._fail(("running",), failure)

    def lost(self) -> bool:
        """Fail the job because its process ended without a result: out of memory, or killed."""
        message = "The training process ended without a result; the machine may be out of memory."
        return self.fail(TrainingFailure(code="server_error", message=message))

    def cancel(self) -> bool:
        """Cancel the job."""
        changes = {"status": "cancelled", "finished_at": self.state.now(), "_paused": False}
        return self._step(GOING, changes, "Fine-tuning job cancelled")

    def pause(self, *, resumable: bool = False) -> bool:
        """Pause the job; OpenAI's contract has no status for that, so it is shown as queued."""
        changes = {"status": "queued", "_paused": True}
        return self._step(GOING, changes, "Fine-tuning job paused", paused=False, discard=not resumable)

    def wait_for_model(self) -> bool:
        """Pause the job until the server serves its base model again; what it has trained is kept."""
        message = f"This server does not serve {self.read()['model']!r}; resume the job when it does"
        changes = {"status": "queued", "_paused": True}
        return self._step(GOING, changes, message, level="warn", paused=False, discard=False)

    def resume(self) -> bool:
        """Resume a paused job."""
        changes = {"status": "validating_files", "_paused": False}
        return self._step(("queued",), changes, "Fine-tuning job resumed", paused=True, discard=False)

    def _fail(self, status_in: tuple[str, ...], failure: TrainingFailure) -> bool:
        error = {"code": failure.code, "message": failure.message, "param": failure.param}
        changes = {"status": "failed", "finished_at": self.state.now(), "error": error}
        return self._step(status_in, changes, f"The job failed. {failure.message}", level="error")

    def _step(
        self,
        status_in: tuple[str, ...],
        changes: dict[str, Any],
        message: str,
        *,
        level: str = "info",
        paused: bool | None = None,
        discard: bool = True,
    ) -> bool:
        with self.state.documents.transaction():
            old = self.read()
            if old["status"] not in status_in or paused not in {None, old["_paused"]}:
                return False
            self.state.documents.change("job", self.job, lambda old: {**old, "estimated_finish": None, **changes})
            if discard:
                self._discard_models()
            self.state.add_event(self.job, message, level=level)
            return True

    def _estimate(self, metrics: TrainingMetrics) -> None:
        """Estimate the end from the pace since the first step that was reported after training began."""
        since = self.read().get("_since") or {"step": metrics.step, "at": monotonic()}
        done, seconds = metrics.step - since["step"], monotonic() - since["at"]
        left = metrics.total_steps - metrics.step
        finish = self.state.now() + round(left * seconds / done) if done > 0 else None
        changes = {"_since": since, "estimated_finish": finish}
        self.state.documents.change("job", self.job, lambda old: {**old, **changes})

    def _discard_models(self) -> None:
        for checkpoint in self.state.documents.page("checkpoint", parent=self.job, limit=100_000).documents:
            self.state.documents.delete("model", checkpoint["fine_tuned_model_checkpoint"])
            self.state.documents.delete("checkpoint", checkpoint["id"])

    def _add_model(self, name: str, folder: str) -> None:
        document = {"id": name, "object": "model", "created": self.state.now(), "owned_by": "org-local"}
        document |= {"_engine": self.read()["model"], "_folder": folder, "_version": new_id("")}
        self.state.documents.insert("model", document)

    def _add_checkpoint(self, metrics: TrainingMetrics, data: dict[str, Any], folder: str) -> None:
        name = f"{_model_name(self.read())}:ckpt-step-{metrics.step}"
        self._add_model(name, f"{self.job}/{folder}")
        checkpoint = {
            "id": new_id("ftckpt_"),
            "object": "fine_tuning.job.checkpoint",
            "created_at": self.state.now(),
            "fine_tuned_model_checkpoint": name,
            "fine_tuning_job_id": self.job,
            "metrics": {
                key: value for key, value in data.items() if key == "step" or key.endswith(("loss", "accuracy"))
            },
            "step_number": metrics.step,
        }
        self.state.documents.insert("checkpoint", checkpoint, parent=self.job)


def step_data(metrics: TrainingMetrics) -> dict[str, Any]:
    """Return what is shown of a training step: its numbers by the contract's names, and those of the engine.

    Args:
        metrics: What the engine reported.
    """
    data: dict[str, Any] = {
        "step": metrics.step,
        "total_steps": metrics.total_steps,
        "epoch": metrics.epoch,
        "n_epochs": metrics.n_epochs,
        "train_loss": metrics.train_loss,
        "train_mean_token_accuracy": _first(metrics.train_token_accuracy, metrics.train_accuracy),
        "train_answer_accuracy": metrics.train_accuracy,
        "learning_rate": metrics.learning_rate,
        "rows_per_s": metrics.rows_per_s,
        "memory_gib": metrics.memory_gib,
    }
    if metrics.valid_loss is not None:
        tokens = _first(metrics.valid_token_accuracy, metrics.valid_accuracy)
        data |= {"valid_loss": metrics.valid_loss, "valid_mean_token_accuracy": tokens}
        data |= {"full_valid_loss": metrics.valid_loss, "full_valid_mean_token_accuracy": tokens}
        data |= {"valid_answer_accuracy": metrics.valid_accuracy}
    return {name: value for name, value in data.items() if value is not None}


def training_steps(state: State, job: str) -> Iterator[dict[str, Any]]:
    """Return what was measured since training began anew, each step once: a resumed job may have repeated some.

    Args:
        state: The server's state.
        job: The job's id.
    """
    newest = state.documents.page("event", parent=job, limit=100_000).documents
    latest_try = [*takewhile(lambda event: event["message"] != STARTED, newest)]
    by_step = {event["data"]["step"]: event["data"] for event in reversed(latest_try) if event["type"] == "metrics"}
    return iter([by_step[step] for step in sorted(by_step)])


def count_starts(state: State, job: str) -> int:
    """Return how often the training of a job began anew, pauses that it continued after left out.

    Args:
        state: The server's state.
        job: The job's id.
    """
    events = state.documents.page("event", parent=job, limit=100_000).documents
    return sum(event["message"] == STARTED for event in events)


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _model_name(document: Document) -> str:
    suffix = re.sub(r"[^A-Za-z0-9_-]+", "-", document["_suffix"] or "")
    return f"ft:{document['model']}:local:{suffix}:{document['id'][-8:]}"
