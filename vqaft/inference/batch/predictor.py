"""Batch predictor: one model asked about many examples through the Batch API, cheaper and within a day.

Batch results: the lines of a batch's output and error files as predictions.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from http import HTTPStatus
from os import PathLike
from pathlib import Path
from typing import Any

from vqaft.data import VQAExample
from vqaft.errors import DataError, RequestRefusedError, ServiceError
from vqaft.escape import visible
from vqaft.filesystem import require_local
from vqaft.inference.batch.api import Batch, BatchBackend, BatchCreation, ShardLimits, batch_line, write_shards
from vqaft.inference.chat import ChatReply, ChatSettings
from vqaft.inference.journal import Journal, request_key
from vqaft.inference.outcome import failure_of_error, outcome_of_reply
from vqaft.inference.predictions import Failure, FailureKind, Prediction, Predictions
from vqaft.inference.run import RequestBuilder
from vqaft.service import Ledger, PollingPolicy, RetryPolicy, check_backend, download_whole, is_gone
from vqaft.typed import typed_call

_TRANSIENT_CODES = frozenset({"batch_expired", "batch_cancelled", "server_error", "rate_limit_exceeded"})


def read_results(content: bytes, *, model: str) -> Iterator[tuple[str, Prediction]]:
    """Read an output or error file; lines that are not results are ignored, their requests count as unanswered.

    Args:
        content: The file.
        model: The model that was asked.

    Yields:
        The custom id and what became of the request; its example's id is left empty. Requests that another attempt
        may answer have a failure of the kind "unreachable" or "rate_limit".
    """
    for line in content.split(b"\n"):
        value = _loaded(line)
        custom_id = value.get("custom_id")
        if isinstance(custom_id, str) and custom_id:
            yield custom_id, _prediction(value, model)


def _loaded(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _prediction(value: dict[str, Any], model: str) -> Prediction:
    response = _mapping(value.get("response"))
    body = _mapping(response.get("body"))
    status, choices = _whole(response.get("status_code")) or 0, body.get("choices")
    if status != HTTPStatus.OK or not isinstance(choices, list) or not choices:
        return Prediction(example_id="", model=model, failure=_failure(value.get("error") or body.get("error"), status))
    choice, usage = _mapping(choices[0]), _mapping(body.get("usage"))
    message = _mapping(choice.get("message"))
    reply = ChatReply(
        text=_text(message.get("content")),
        finish_reason=_text(choice.get("finish_reason")),
        refusal=_text(message.get("refusal")),
    )
    outcome = outcome_of_reply(reply)
    return Prediction(
        example_id="",
        model=model,
        answer=outcome if isinstance(outcome, str) else None,
        failure=outcome if isinstance(outcome, Failure) else None,
        prompt_tokens=_whole(usage.get("prompt_tokens")),
        completion_tokens=_whole(usage.get("completion_tokens")),
    )


def _failure(error: Any, status: int) -> Failure:
    given = _mapping(error)
    code, words = str(given.get("code") or "")[:200], str(given.get("message") or "")[:2000]
    message = ": ".join(part for part in (code, words) if part) or f"the request was answered with status {status}"
    return Failure(kind=_kind(code, status), message=message)


def _kind(code: str, status: int) -> FailureKind:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limit"
    says_nothing = not code and status in {0, HTTPStatus.OK}
    if says_nothing or code in _TRANSIENT_CODES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "unreachable"
    if "content_filter" in code or "content_policy" in code:
        return "content_filter"
    return "image" if "image" in code else "rejected"


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
    return int(value) if is_number else None


ROUNDS = 3
"""How often requests that a batch left unanswered are sent again."""

_CUSTOM_ID = re.compile(rb'^\{"custom_id":"([0-9a-f]{32})"')

_GONE = "the service has deleted the answers of batch {}; run the same again to ask, and pay, again"


class BatchPredictor:
    """Does what `Predictor` does, through files that the service answers within 24 hours, at a lower price.

    Calling it again resumes an interrupted run: running batches are waited for, answers that are there are not paid
    again, and each set of requests becomes at most one batch.

    Args:
        backend: The service.
        builder: Turns examples into messages.
        settings: What the model is asked with.
        folder: Where requests, the ledger and the journal are kept.
        limits: What one batch may hold.
        retry: How long to go on where the service fails.
        pace: How often a batch is looked at.
        progress: Whether to show progress bars.

    Raises:
        DataError: If the backend does not have a Batch API, or is not a backend.
    """

    @typed_call
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
        check_backend(backend, ("create_batch", "retrieve_batch", "list_batches"), user="BatchPredictor")
        self._backend = backend
        self._builder = builder
        self._settings = settings
        self._folder = require_local(folder, purpose="a folder of batches")
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
            A prediction for each example, in their order. Where the service deleted the answers of a batch, they are
            failures that say so, and the next call asks again.

        Raises:
            ServiceError: If the service does not accept a batch, or none of a batch's requests was answered.
            StateError: If another process works in the folder, or the disk is full.
        """
        wanted = list(examples)
        with Journal(self._folder / "journal.jsonl") as journal:
            failures: dict[str, Failure] = {}
            gone: dict[str, Failure] = {}
            self._collect(self._creation.open_batches(), journal, failures, gone)
            for _ in range(ROUNDS):
                skipped = frozenset(gone)
                batches = [self._creation.create(path) for path in self._shards(wanted, journal, failures, skipped)]
                if not batches:
                    break
                self._creation.cancel_late()
                self._collect(batches, journal, failures, gone)
            found = [self._prediction(example, journal, {**failures, **gone}) for example in wanted]
        return Predictions(found, settings=self._settings.as_dict())

    def _shards(
        self, examples: Sequence[VQAExample], journal: Journal, failures: dict[str, Failure], skipped: frozenset[str]
    ) -> Iterator[Path]:
        return write_shards(self._folder, self._lines(examples, journal, failures, skipped), limits=self._limits)

    def _lines(
        self, examples: Sequence[VQAExample], journal: Journal, failures: dict[str, Failure], skipped: frozenset[str]
    ) -> Iterator[bytes]:
        written = set(skipped)
        for example in examples:
            try:
                request = self._settings.request(self._builder.request_json(example))
            except DataError as error:
                failures[example.id] = failure_of_error(error)
                continue
            key = request_key(request)
            if key not in written and key not in journal:
                written.add(key)
                yield batch_line(key, request.body())

    def _collect(
        self, batches: Sequence[Batch], journal: Journal, failures: dict[str, Failure], gone: dict[str, Failure]
    ) -> None:
        for begun in batches:
            asked = self._asked(begun)
            batch = self._wait(begun)
            if batch is None:  # recorded and warned of
                gone |= dict.fromkeys(asked, Failure(kind="unreachable", message=_GONE.format(begun.id)))
                continue
            try:
                count = self._take(batch, asked, journal, failures)
            except RequestRefusedError as error:
                if not is_gone(error):
                    raise
                warnings.warn(f"{self._folder}: {_GONE.format(batch.id)}", stacklevel=3)
                lost = [key for key in asked if key not in journal]
                gone |= dict.fromkeys(lost, Failure(kind="unreachable", message=_GONE.format(batch.id)))
                self._creation.close(batch, status="gone")
                continue
            self._creation.close(batch)
            if not count and batch.status == "failed":
                raise ServiceError(f"batch {batch.id} failed: {batch.problem or 'the service does not say why'}")

    def _asked(self, batch: Batch) -> frozenset[str]:
        """Return the custom ids of a batch's requests, from its file; none where the file is not there any more."""
        path = self._folder / f"{(self._creation.key_of(batch) or '').rpartition('-')[0]}.jsonl"
        if not path.is_file():
            return frozenset()
        with path.open("rb") as file:
            return frozenset(match[1].decode() for line in file if (match := _CUSTOM_ID.match(line)))

    def _take(self, batch: Batch, asked: frozenset[str], journal: Journal, failures: dict[str, Failure]) -> int:
        """Collect what a batch delivered: each request's first answer, and nothing that was not asked."""
        seen: dict[str, Prediction] = {}
        foreign, contradicted = 0, 0
        for file in filter(None, (batch.output_file, batch.error_file)):
            content = download_whole(self._backend, file, retry=self._retry)
            for key, prediction in read_results(content, model=self._settings.model):
                foreign += bool(asked) and key not in asked
                contradicted += key in seen and seen[key] != prediction
                if key in seen or (asked and key not in asked):
                    continue
                seen[key] = prediction
                if key not in journal:
                    journal.keep(key, prediction)
                if prediction.failure is not None:
                    failures[key] = prediction.failure
        self._warn(
            batch, {"answers to requests that were not in it": foreign, "second, different answers": contradicted}
        )
        return len(seen)

    def _warn(self, batch: Batch, counts: dict[str, int]) -> None:
        for what, count in counts.items():
            if count:
                warnings.warn(f"batch {batch.id} delivered {count} {what}; they are ignored", stacklevel=4)

    def _wait(self, batch: Batch) -> Batch | None:
        from tqdm.auto import tqdm

        with tqdm(total=batch.total, desc=visible(batch.id), unit="answer", disable=not self._progress) as bar:
            try:
                return self._wait_showing(batch, bar)
            except KeyboardInterrupt:
                bar.write(f"Batch {batch.id} continues at the service. Run the same again to collect its answers.")
                raise

    def _wait_showing(self, batch: Batch, bar: Any) -> Batch | None:
        wait_s = self._pace.shortest_s
        timeout_s = max(self._retry.unavailable_timeout_s, self._pace.patience_s)
        patient = replace(self._retry, unavailable_timeout_s=timeout_s)
        while True:
            current = self._creation.retrieve(batch.id, retry=patient)
            if current is None or current.is_final:
                return current
            quiet, bar.n, bar.total = bar.n == current.done, current.done or 0, current.total
            bar.set_postfix({"status": visible(current.status)})
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
