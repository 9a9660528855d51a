"""Asking one model about many examples by the Batch API: cheaper, within a day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path

from vqaft.data import VQAExample
from vqaft.errors import ServiceError, VqaftError
from vqaft.inference.batch.api import Batch, BatchBackend, BatchCreation, read_results
from vqaft.inference.batch.shards import ShardLimits, batch_line, write_shards
from vqaft.inference.chat import ChatSettings
from vqaft.inference.journal import Journal, request_key
from vqaft.inference.outcome import failure_of_error
from vqaft.inference.predictions import Failure, Prediction, Predictions
from vqaft.inference.run import RequestBuilder
from vqaft.service import Ledger, PollingPolicy, RetryPolicy, download_whole

ROUNDS = 3
"""How often requests that a batch left unanswered are handed over again."""


class BatchPredictor:
    """Does what `Predictor` does, by files that the service answers within 24 hours, at a lower price.

    A run that is killed is gone on with by the same call: batches under way are waited for, answers that are there
    are not paid again, and each set of requests makes at most one batch.

    Args:
        backend: The service.
        builder: Turns examples into messages.
        settings: What the model is asked with.
        folder: Where requests, the ledger and the journal are kept.
        limits: What one batch may hold.
        retry: How long to go on where the service fails.
        pace: How often a batch is looked at.
        progress: Whether to show progress bars.
    """

    def __init__(
        self,
        backend: BatchBackend,
        builder: RequestBuilder,
        *,
        settings: ChatSettings,
        folder: str | PathLike[str],
        limits: ShardLimits | None = None,
        retry: RetryPolicy | None = None,
        pace: PollingPolicy | None = None,
        progress: bool = True,
    ) -> None:
        self._backend = backend
        self._builder = builder
        self._settings = settings
        self._folder = Path(folder)
        self._limits = limits or ShardLimits()
        self._retry = retry or RetryPolicy()
        self._pace = pace or PollingPolicy(shortest_s=1.0, longest_s=60.0)
        self._ledger = Ledger(self._folder / "ledger.jsonl")
        self._creation = BatchCreation(backend, ledger=self._ledger, retry=self._retry, progress=progress)
        self._progress = progress

    def predict(self, examples: Iterable[VQAExample]) -> Predictions:
        """Ask about every example, and wait until all batches have ended.

        Args:
            examples: What to ask about.

        Returns:
            A prediction for each example, in their order.

        Raises:
            ServiceError: If the service does not take a batch, or none of a batch's requests was answered.
            StateError: If another process works in the folder, or the disk is full.
        """
        wanted = list(examples)
        with Journal(self._folder / "journal.jsonl") as journal:
            failures: dict[str, Failure] = {}
            self._collect(self._creation.open_batches(), journal, failures)
            for _ in range(ROUNDS):
                batches = [self._creation.create(path) for path in self._shards(wanted, journal, failures)]
                if not batches:
                    break
                self._collect(batches, journal, failures)
            found = [self._prediction(example, journal, failures) for example in wanted]
        return Predictions(found, settings=self._settings.as_dict())

    def _shards(self, examples: Sequence[VQAExample], journal: Journal, failures: dict[str, Failure]) -> Iterator[Path]:
        return write_shards(self._folder, self._lines(examples, journal, failures), limits=self._limits)

    def _lines(self, examples: Sequence[VQAExample], journal: Journal, failures: dict[str, Failure]) -> Iterator[bytes]:
        written: set[str] = set()
        for example in examples:
            try:
                request = self._settings.request(self._builder.request_json(example))
            except VqaftError as error:
                failures[example.id] = failure_of_error(error)
                continue
            key = request_key(request)
            if key not in written and key not in journal:
                written.add(key)
                yield batch_line(key, request.body())

    def _collect(self, batches: Sequence[Batch], journal: Journal, failures: dict[str, Failure]) -> None:
        for begun in batches:
            batch = self._wait(begun)
            count = 0
            for file in (batch.output_file, batch.error_file):
                if file is not None:
                    count += self._take(file, journal, failures)
            self._creation.close(batch)
            if not count and batch.status == "failed":
                raise ServiceError(f"batch {batch.id} failed: {batch.problem or 'the service does not say why'}")

    def _take(self, file: str, journal: Journal, failures: dict[str, Failure]) -> int:
        content = download_whole(self._backend, file, retry=self._retry)
        results = list(read_results(content, model=self._settings.model))
        for key, prediction in results:
            if key not in journal:
                journal.keep(key, prediction)
            if prediction.failure is not None:
                failures[key] = prediction.failure
        return len(results)

    def _wait(self, batch: Batch) -> Batch:
        from tqdm.auto import tqdm

        wait_s = self._pace.shortest_s
        patient = replace(
            self._retry, unavailable_timeout_s=max(self._retry.unavailable_timeout_s, self._pace.patience_s)
        )
        with tqdm(total=batch.total, desc=batch.id, unit="answer", disable=not self._progress) as bar:
            while True:
                current = patient.call(lambda: self._backend.retrieve_batch(batch.id))
                quiet, bar.n, bar.total = bar.n == current.done, current.done or 0, current.total
                bar.set_postfix({"status": current.status})
                if current.is_final:
                    return current
                wait_s = self._pace.after(wait_s, quiet=quiet)
                patient.sleep(wait_s)

    def _prediction(self, example: VQAExample, journal: Journal, failures: dict[str, Failure]) -> Prediction:
        failure = failures.get(example.id)
        if failure is None:
            key = request_key(self._settings.request(self._builder.request_json(example)))
            known = journal.find(key, example_id=example.id)
            if known is not None:
                return known
            failure = failures.get(key) or Failure(kind="unreachable", message="the batch gave no answer to this")
        return Prediction(example_id=example.id, model=self._settings.model, failure=failure, attempts=ROUNDS)
