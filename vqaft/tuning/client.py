"""Fine-tuning client: upload a file, create a job, watch it until it has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from vqaft.errors import JobFailedError, RequestRefusedError
from vqaft.filesystem import require_local
from vqaft.providers import CALENDAR, Sunset
from vqaft.service import (
    DEFAULT_PATH,
    Ledger,
    MultipartPolicy,
    PollingPolicy,
    RemoteFile,
    RetryPolicy,
    Uploader,
    check_backend,
    download_whole,
    is_gone,
    paginate,
)
from vqaft.tuning.backend import FineTuneBackend, MetricsBackend
from vqaft.tuning.idempotent_create import JobCreation
from vqaft.tuning.job import Checkpoint, FineTuneJob, Hyperparameters, JobEvent, JobSpec, check_hyperparameters
from vqaft.tuning.metrics import TrainingMetrics, metrics_of_events, read_metrics
from vqaft.tuning.preflight import SunsetGuard, check_rows, cost_in_words, provider_of
from vqaft.tuning.watch import JobProgress, JobUpdate, events_of, follow, retrieve_job
from vqaft.typed import typed_call


class FineTuneClient:
    """Fine-tunes models on any service behind a `FineTuneBackend`; the same call twice uploads and trains once.

    Args:
        backend: The service, e.g. `OpenAIBackend(client)`.
        ledger: Where uploads and jobs are recorded, so that a later run, and another process, finds them; a file in
            `.vqaft` below the working folder by default.
        retry: How often and how long a request that failed is sent again, where that is safe.
        pace: How often a running job is looked at.
        sizes: When a file is sent in parts, and how.
        calendar: What providers announced about the end of their models.
        progress: Whether uploads show a progress bar, and `start` what training costs.

    Raises:
        DataError: If the backend is not one, e.g. the SDK's client itself.
    """

    @typed_call
    def __init__(
        self,
        backend: FineTuneBackend,
        *,
        ledger: Ledger | str | PathLike[str] | None = None,
        retry: RetryPolicy | None = None,
        pace: PollingPolicy | None = None,
        sizes: MultipartPolicy | None = None,
        calendar: Sequence[Sunset] = CALENDAR,
        progress: bool = True,
    ) -> None:
        check_backend(backend, _METHODS, user="FineTuneClient")
        self._backend = backend
        self._ledger = ledger if isinstance(ledger, Ledger) else Ledger(ledger or DEFAULT_PATH)
        self._retry = retry or RetryPolicy()
        self._pace = pace or PollingPolicy()
        self._progress = progress
        self._guard = SunsetGuard(backend, account=getattr(backend, "address", backend.account), calendar=calendar)
        self._creation = JobCreation(backend, ledger=self._ledger, retry=self._retry)
        self._uploader = Uploader(
            backend, ledger=self._ledger, retry=self._retry, sizes=sizes or MultipartPolicy(), progress=progress
        )

    @property
    def ledger(self) -> Ledger:
        """The record of uploads and jobs."""
        return self._ledger

    def upload(self, path: str | PathLike[str]) -> RemoteFile:
        """Send a training file; a content that the service still has is not sent again.

        Args:
            path: A JSONL file, as `write_jsonl` writes it.

        Raises:
            DataError: If there is no such file, it is empty, or it changed while it was sent.
            ServiceError: If the service does not accept it.
        """
        return self._uploader.upload(require_local(path, purpose="a file to upload"))

    def create(self, spec: JobSpec) -> FineTuneJob:
        """Create a job, or return the one that was created from the same description before.

        A job that failed or was cancelled is not returned again: then a new one is created.

        Args:
            spec: What to train, and on what.

        Raises:
            ModelRetiredError: If the model cannot be trained any more; nothing was sent then.
            ServiceError: If the service does not accept it; or if it is in doubt whether a job was created and the
                service cannot tell: a second one is never created then.
        """
        self._guard.check(spec.model)
        return self._creation.create(spec)

    def start(
        self,
        train: str | PathLike[str],
        *,
        model: str,
        validation: str | PathLike[str] | None = None,
        hyperparameters: Hyperparameters | None = None,
        seed: int | None = None,
        suffix: str | None = None,
        extra: Mapping[str, Any] | None = None,
        check: bool = True,
    ) -> FineTuneJob:
        """Check model and files, print what training costs, upload, and create the job.

        Args:
            train: The training file.
            model: The base model.
            validation: The validation file.
            hyperparameters: How to train.
            seed: 0 to 2147483647.
            suffix: 1 to 64 characters that become part of the model's name.
            extra: What else the provider accepts, under its own names; see `JobSpec`.
            check: Whether to check the files' rows before anything is sent.

        Raises:
            ModelRetiredError: If the model cannot be trained any more.
            RecordError: If a row is not what the provider accepts; all rows at fault are named.
            DataError: If an argument is out of its range.
            ServiceError: If the service does not accept a file or the job.
        """
        chosen = hyperparameters or Hyperparameters()
        check_hyperparameters(chosen)
        self._guard.check(model)
        purpose = "a file to upload"
        files = (
            require_local(train, purpose=purpose),
            None if validation is None else require_local(validation, purpose=purpose),
        )
        if check:
            check_rows(*files, provider=provider_of(self._backend))
        self._show_cost(files[0], model, chosen)
        spec = JobSpec(
            model=model,
            training_file=self.upload(files[0]).id,
            validation_file=None if files[1] is None else self.upload(files[1]).id,
            hyperparameters=chosen,
            seed=seed,
            suffix=suffix,
            extra=extra or {},
        )
        return self.create(spec)

    def watch(self, job_id: str) -> Iterator[JobEvent]:
        """Yield a job's events as they happen, each once, until the job has ended.

        Args:
            job_id: The job.

        Yields:
            The events from the job's beginning on, oldest first.

        Raises:
            ServiceError: If there is no such job, or the service cannot be reached for longer than allowed.
        """
        for update in self._follow(job_id):
            yield from update.events

    def events(self, job_id: str) -> tuple[JobEvent, ...]:
        """Return what happened in a job until now, oldest first, without waiting."""
        return events_of(self._backend, job_id, retry=self._retry)

    def wait(
        self, job_id: str, *, progress: bool = True, on_event: Callable[[JobEvent], object] | None = None
    ) -> FineTuneJob:
        """Wait until a job has ended.

        Args:
            job_id: The job.
            progress: Whether to show a progress bar.
            on_event: Called with each event from the job's beginning on, oldest first, e.g. a `WandbCallback`. What it
                raises ends the wait; the job continues at the service.

        Returns:
            The job, with the name of its model.

        Raises:
            JobFailedError: If it ended without a model; with the service's code and words.
            ServiceError: If there is no such job, or the service cannot be reached for longer than allowed.
        """
        with JobProgress(job_id, enabled=progress) as bar:
            try:
                for update in self._follow(job_id):
                    bar.show(update)
                    _pass_on(update, on_event)
            except KeyboardInterrupt:
                bar.say(f"Job {job_id} continues at the service. Return with wait({job_id!r}) or: vqaft watch {job_id}")
                raise
        self._record_end(update.job)
        return _succeeded(update.job)

    def retrieve(self, job_id: str) -> FineTuneJob:
        """Describe a job."""
        return retrieve_job(self._backend, job_id, retry=self._retry)

    def jobs(self) -> Iterator[FineTuneJob]:
        """Yield the account's jobs, newest first."""
        return paginate(lambda after: self._retry.call(lambda: self._backend.list_jobs(after=after)))

    def cancel(self, job_id: str) -> FineTuneJob:
        """Cancel a job."""
        return self._retry.call(lambda: self._backend.cancel_job(job_id))

    def pause(self, job_id: str) -> FineTuneJob:
        """Pause a job, where the service can."""
        return self._retry.call(lambda: self._backend.pause_job(job_id))

    def resume(self, job_id: str) -> FineTuneJob:
        """Resume a paused job."""
        return self._retry.call(lambda: self._backend.resume_job(job_id))

    def checkpoints(self, job_id: str) -> tuple[Checkpoint, ...]:
        """Return the models saved during training, in the order of their steps."""
        fetched = paginate(lambda after: self._retry.call(lambda: self._backend.list_checkpoints(job_id, after=after)))
        return tuple(sorted(fetched, key=lambda checkpoint: checkpoint.step))

    def metrics(self, job_id: str) -> TrainingMetrics:
        """Return the losses and accuracies of each step, from the job's result files.

        Args:
            job_id: The job; before it succeeded there is no result file, and its events are read instead, as where
                the file was deleted. A service that has a route for them is asked by it.
        """
        backend = self._backend
        if isinstance(backend, MetricsBackend):
            return TrainingMetrics(self._retry.call(lambda: backend.list_metrics(job_id)))
        try:
            names = self.retrieve(job_id).result_files
            contents = [download_whole(self._backend, name, retry=self._retry) for name in names]
        except RequestRefusedError as error:
            if not is_gone(error):
                raise
            contents = []
        if not contents:
            return metrics_of_events(self.events(job_id))
        return TrainingMetrics(step for content in contents for step in read_metrics(content))

    def _show_cost(self, train: Path, model: str, hyperparameters: Hyperparameters) -> None:
        provider = provider_of(self._backend)
        if not self._progress or provider is None:
            return
        words = cost_in_words(train, model=model, hyperparameters=hyperparameters, provider=provider)
        if words is not None:
            from tqdm.auto import tqdm

            tqdm.write(words)

    def _record_end(self, job: FineTuneJob) -> None:
        account = self._backend.account
        if self._ledger.last("job_end", account=account, job=job.id) is None:
            facts = {"job": job.id, "status": job.status, "trained_tokens": job.trained_tokens}
            self._ledger.record("job_end", account=account, **facts, fine_tuned_model=job.fine_tuned_model)

    def _follow(self, job_id: str) -> Iterator[JobUpdate]:
        return follow(self._backend, job_id, retry=self._retry, pace=self._pace)


def _pass_on(update: JobUpdate, on_event: Callable[[JobEvent], object] | None) -> None:
    if on_event is not None:
        for event in update.events:
            on_event(event)


_METHODS = ("create_job", "retrieve_job")


def _succeeded(job: FineTuneJob) -> FineTuneJob:
    if job.status == "succeeded" and job.fine_tuned_model:
        return job
    words = ": ".join(part for part in (job.error_code, job.error_message) if part)
    raise JobFailedError(f"job {job.id} {job.status}" + (f" ({words})" if words else ""), code=job.error_code)
