"""Takes jobs from their creation to their end, one training at a time."""

from __future__ import annotations

import multiprocessing
import queue
import shutil
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.process import BaseProcess
from pathlib import Path

from vqaft.errors import DataError
from vqaft.server.check_rows import MIN_ROWS, check_rows
from vqaft.server.documents import Document
from vqaft.server.engines import Engine, EpochMetrics, TrainingResult, TrainingTask
from vqaft.server.job_record import JobRecord
from vqaft.server.state import State
from vqaft.server.worker import Message, TrainingFailure, work


class JobRunner:
    """Validates and trains; cancels and pauses.

    A job whose server stopped under it starts again from the beginning when the server does.

    Args:
        state: Where jobs and files are.
        engines: What trains, by the name of its base model.
    """

    def __init__(self, state: State, engines: Mapping[str, Engine]) -> None:
        self._state = state
        self._engines = dict(engines)
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._validation = ThreadPoolExecutor(max_workers=1, thread_name_prefix="vqaft-validate")
        self._lock = threading.Lock()
        self._training: dict[str, BaseProcess] = {}
        self._stopping = False
        self._thread = threading.Thread(target=self._train_all, name="vqaft-train", daemon=True)

    def start(self) -> None:
        """Begin to work, with the jobs that were left over first."""
        self._thread.start()
        page = self._state.documents.page("job", limit=10_000, newest_first=False)
        for job in page.documents:
            if not job["_paused"] and JobRecord(self._state, job["id"]).restart():
                self.submit(job["id"])

    def stop(self) -> None:
        """Stop working; the jobs go on when the server starts again."""
        self._stopping = True
        self._queue.put(None)
        self._validation.shutdown(wait=True, cancel_futures=True)
        self._kill(*list(self._training))
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def submit(self, job: str) -> None:
        """Put a new job on its way."""
        self._validation.submit(self._validate, job)

    def cancel(self, job: str) -> None:
        """Stop a job for good; nothing happens to one that has ended."""
        if JobRecord(self._state, job).cancel():
            self._kill(job)

    def pause(self, job: str) -> None:
        """Stop a job until it is resumed; nothing happens to one that has ended."""
        if JobRecord(self._state, job).pause():
            self._kill(job)

    def resume(self, job: str) -> None:
        """Let a paused job go on: its training starts from the beginning."""
        if JobRecord(self._state, job).resume():
            self.submit(job)

    def _validate(self, job: str) -> None:
        record = JobRecord(self._state, job)
        document = record.read()
        for param, at_least in (("training_file", MIN_ROWS), ("validation_file", 1)):
            if document[param] is None:
                continue
            try:
                check_rows(self._state.file_path(document[param]), at_least=at_least)
            except (DataError, OSError) as error:
                record.fail(TrainingFailure(code=f"invalid_{param}", message=_words(error), param=param))
                return
        if record.queue():
            self._queue.put(job)

    def _train_all(self) -> None:
        while (job := self._queue.get()) is not None and not self._stopping:
            record = JobRecord(self._state, job)
            document = record.begin()
            if document is not None:
                self._train_safely(record, document)

    def _train_safely(self, record: JobRecord, document: Document) -> None:
        try:
            self._train(record, document)
        except Exception as error:  # noqa: BLE001 - the next job must have its turn whatever became of this one
            record.fail(TrainingFailure(code="server_error", message=f"{type(error).__name__}: {error}"))

    def _train(self, record: JobRecord, document: Document) -> None:
        folder = self._state.folder / "models" / record.job
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        ended = False
        for message in self._messages(record.job, document, folder):
            if isinstance(message, EpochMetrics):
                record.epoch(message)
            elif isinstance(message, TrainingResult):
                ended = record.succeed(message)
            else:
                ended = record.fail(message)
        if record.read()["status"] != "succeeded":
            record.discard()
            shutil.rmtree(folder, ignore_errors=True)
        if not ended and not self._stopping:
            record.lost()

    def _messages(self, job: str, document: Document, folder: Path) -> Iterator[Message]:
        context = multiprocessing.get_context("spawn")
        inbox, outbox = context.Pipe(duplex=False)
        task = self._task(document, folder)
        process = context.Process(target=work, args=(self._engines[document["model"]], task, outbox), daemon=True)
        with self._lock:
            process.start()
            self._training[job] = process
        outbox.close()
        if self._stopped(job):  # between its beginning and here
            process.kill()
        try:
            while True:
                yield inbox.recv()
        except (EOFError, ConnectionError):
            process.join()
        finally:
            inbox.close()
            with self._lock:
                del self._training[job]

    def _task(self, document: Document, folder: Path) -> TrainingTask:
        validation = document["validation_file"]
        settings = {key: None if value == "auto" else value for key, value in document["_settings"].items()}
        return TrainingTask(
            training_file=self._state.file_path(document["training_file"]),
            validation_file=None if validation is None else self._state.file_path(validation),
            folder=folder,
            seed=document["seed"],
            **settings,
        )

    def _stopped(self, job: str) -> bool:
        return bool(JobRecord(self._state, job).read()["status"] != "running")

    def _kill(self, *jobs: str) -> None:
        with self._lock:
            for job in jobs:
                if job in self._training:
                    self._training[job].kill()


def _words(error: Exception) -> str:
    if not isinstance(error, DataError):
        return f"the file cannot be read ({error})"
    place = "" if error.line is None else f"Line {error.line}: "
    return f"{place}{error.message}." + (f" {error.hint}" if error.hint else "")
