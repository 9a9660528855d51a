"""Job runner: validates files concurrently with training, and trains one job at a time."""

from __future__ import annotations

import contextlib
import logging
import queue
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from vqaft.durable import MACHINE_ERRNOS
from vqaft.engines import (
    Engine,
    MemoryOwner,
    ResumableEngine,
    TaskChecker,
    TrainingMetrics,
    TrainingNote,
    TrainingResult,
    TrainingTask,
)
from vqaft.errors import DataError, VqaftError
from vqaft.server.jobs.process import Message, TrainingFailure, TrainingProcess, failure_of, plain_words
from vqaft.server.jobs.record import GOING, JobRecord, count_starts, step_data
from vqaft.server.jobs.request import MIN_ROWS, check_rows
from vqaft.server.jobs.wandb_run import FINISH_S, RunSpec, WandbRun, refusal
from vqaft.server.store.documents import Document
from vqaft.server.store.state import State

GRACE_S = 10.0
"""Seconds that an interrupted training waits for the server to be stopped as well."""

LOG = logging.getLogger(__name__)


class JobRunner:
    """Validates, trains, cancels, pauses and resumes jobs.

    A job whose server stopped under it continues from its last checkpoint when the server starts again, or from the
    beginning if its engine cannot resume.

    Args:
        state: The server's state.
        engines: The engines, by the name of the base model.
    """

    def __init__(self, state: State, engines: Mapping[str, Engine]) -> None:
        self._state = state
        self._engines = dict(engines)
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._validation = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vqaft-validate")
        self._lock = threading.Lock()
        self._training: dict[str, TrainingProcess] = {}
        self._runs: list[WandbRun] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._train_all, name="vqaft-train", daemon=True)

    def start(self) -> None:
        """Start the training thread, with the jobs of an earlier server first."""
        page = self._state.documents.page("job", limit=1_000_000, newest_first=False)
        for job in page.documents:
            resumable = job["status"] in GOING and (self._engine(job) is None or self._can_resume(job))
            restarted = JobRecord(self._state, job["id"]).restart(resumable=resumable)
            if job["status"] != "succeeded" and not resumable:
                self._state.discard_models(job["id"])
            if restarted:
                self.submit(job["id"])
        self._thread.start()

    def stop(self) -> None:
        """Stop the training thread; jobs continue when the server starts again."""
        self._stopping.set()
        self._queue.put(None)
        with self._lock:
            for training in self._training.values():
                training.kill()
        self._validation.shutdown(wait=True, cancel_futures=True)
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        end = time.monotonic() + FINISH_S
        for run in self._runs:
            run.close(max(0.0, end - time.monotonic()))

    def submit(self, job: str) -> None:
        """Validate a job, and queue it."""
        self._validation.submit(self._validate_safely, job)

    def cancel(self, job: str) -> None:
        """Cancel a job; no effect on one that has ended."""
        self._stop_by(JobRecord.cancel, job)

    def pause(self, job: str) -> None:
        """Pause a job; no effect on one that has ended."""
        resumable = isinstance(self._engine(JobRecord(self._state, job).read()), ResumableEngine)
        self._stop_by(lambda record: record.pause(resumable=resumable), job)

    def resume(self, job: str) -> None:
        """Queue a paused job again: it continues from its last checkpoint, or starts again without one."""
        if JobRecord(self._state, job).resume():
            self.submit(job)

    def _stop_by(self, step: Callable[[JobRecord], bool], job: str) -> None:
        # Both in one lock, or the kill could come so late that it met the training of the job that was resumed.
        with self._lock:
            if step(JobRecord(self._state, job)) and job in self._training:
                self._training[job].kill()

    def _validate_safely(self, job: str) -> None:
        record = JobRecord(self._state, job)
        try:
            self._validate(record)
        except Exception as error:
            LOG.exception("the files of %s could not be checked", job)
            message = f"The files could not be checked ({plain_words(error)})."
            record.reject(TrainingFailure(code="server_error", message=message))

    def _validate(self, record: JobRecord) -> None:
        document = record.read()
        for param, at_least in (("training_file", MIN_ROWS), ("validation_file", 1)):
            if document[param] is None:
                continue
            try:
                check_rows(self._state.file_path(document[param]), at_least=at_least)
            except (DataError, OSError) as error:
                record.reject(_failure(error, param))
                return
        if not self._checked_by_engine(record, document):
            return
        if record.queue():
            self._queue.put(record.job)

    def _checked_by_engine(self, record: JobRecord, document: Document) -> bool:
        engine, task = self._engine(document), self._task(document)
        if engine is None:
            record.wait_for_model()
            return False
        try:
            if isinstance(engine, TaskChecker):
                engine.check(task)
        except (VqaftError, OSError) as error:
            record.reject(failure_of(error, task))
            return False
        return True

    def _engine(self, document: Document) -> Engine | None:
        return self._engines.get(document["model"])  # a server may be started with other models than before

    def _can_resume(self, document: Document) -> bool:
        engine = self._engine(document)
        return isinstance(engine, ResumableEngine) and engine.can_resume(self._folder(document["id"]))

    def _train_all(self) -> None:
        while (job := self._queue.get()) is not None and not self._stopping.is_set():
            try:
                self._take(JobRecord(self._state, job))
            except Exception:  # the next job must have its turn whatever became of this one
                LOG.exception("the end of %s could not be noted", job)

    def _take(self, record: JobRecord) -> None:
        document = record.begin(resumed=self._can_resume(record.read()))
        if document is None:
            return
        try:
            with self._memory():
                self._train(record, document)
        except Exception as error:
            LOG.exception("the training of %s broke", record.job)
            if not self._stopping.is_set():
                record.fail(TrainingFailure(code="server_error", message=plain_words(error)))
        finally:
            if not self._is_kept(record.read()):
                shutil.rmtree(self._folder(record.job), ignore_errors=True)

    @contextlib.contextmanager
    def _memory(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for engine in self._engines.values():
                if isinstance(engine, MemoryOwner):
                    stack.enter_context(engine.memory_for_training())
            yield

    def _is_kept(self, document: Document) -> bool:
        return document["status"] == "succeeded" or (document["status"] in GOING and self._can_resume(document))

    def _train(self, record: JobRecord, document: Document) -> None:
        folder = self._folder(record.job)
        if not self._can_resume(document):
            self._state.discard_models(record.job)
        folder.mkdir(mode=0o700, exist_ok=True)
        with self._reported(record, document) as report, self._started(record, document) as training:
            for message in training.messages():
                _note(record, message)
                if isinstance(message, TrainingMetrics):
                    report(step_data(message))
            if not self._stopping.wait(GRACE_S if training.interrupted else 0):
                record.lost()

    @contextlib.contextmanager
    def _reported(self, record: JobRecord, document: Document) -> Iterator[Callable[[Mapping[str, Any]], None]]:
        """Begin the runs that the job's integrations ask for; what is yielded logs the numbers of a step to them."""
        self._runs = [run for run in self._runs if not run.is_over]
        runs = [WandbRun(spec, record.tell) for spec in self._run_specs(document)]
        self._runs += runs

        def report(data: Mapping[str, Any]) -> None:
            for run in runs:
                run.log(data)

        try:
            yield report
        finally:
            job = record.read()
            summary = {name: job[name] for name in ("status", "fine_tuned_model", "trained_tokens")}
            for run in runs:
                run.finish(summary, succeeded=job["status"] != "failed")

    def _run_specs(self, document: Document) -> list[RunSpec]:
        """Return the runs of a training; one that continues has the runs of before, one that starts again others."""
        integrations = document["integrations"] if refusal() is None else []
        tries = count_starts(self._state, document["id"])
        config = {name: document[name] for name in ("model", "seed", "training_file", "validation_file", "metadata")}
        config |= {"job": document["id"], "suffix": document["_suffix"], **document["_settings"]}
        return [
            RunSpec(
                id=f"{document['id']}-{place}-{tries}",
                settings=integration["wandb"],
                config=config,
                folder=self._state.folder,
            )
            for place, integration in enumerate(integrations, start=1)
        ]

    @contextlib.contextmanager
    def _started(self, record: JobRecord, document: Document) -> Iterator[TrainingProcess]:
        with TrainingProcess(self._engines[document["model"]], self._task(document)) as training:
            with self._lock:
                self._training[record.job] = training
            try:
                if self._stopping.is_set() or record.read()["status"] != "running":  # between its beginning and here
                    training.kill()
                yield training
            finally:
                with self._lock:
                    del self._training[record.job]

    def _task(self, document: Document) -> TrainingTask:
        validation = document["validation_file"]
        settings: dict[str, Any] = {
            key: None if value == "auto" else value for key, value in document["_settings"].items()
        }
        return TrainingTask(
            training_file=self._state.file_path(document["training_file"]),
            validation_file=None if validation is None else self._state.file_path(validation),
            folder=self._folder(document["id"]),
            seed=document["seed"],
            options=document.get("_options") or {},
            **settings,
        )

    def _folder(self, job: str) -> Path:
        return self._state.folder / "models" / job


def _failure(error: Exception, param: str) -> TrainingFailure:
    """Return why a file was not accepted; trouble of the machine is not the file's fault."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, OSError):
        cause = cause.__cause__
    if cause is not None and cause.errno in MACHINE_ERRNOS:
        return TrainingFailure(code="server_error", message=f"The file could not be read ({cause.strerror}).")
    return TrainingFailure(code=f"invalid_{param}", message=plain_words(error), param=param)


def _note(record: JobRecord, message: Message) -> None:
    if isinstance(message, TrainingMetrics):
        record.step(message)
    elif isinstance(message, TrainingNote):
        record.note(message)
    elif isinstance(message, TrainingResult):
        record.succeed(message)
    else:
        record.fail(message)
