"""Many requests handed over at once, answered within a day: the seam to a Batch API.

The lines of a batch's output and error files.

One file of requests, at most one batch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol

from vqaft.inference.chat import ChatReply
from vqaft.inference.outcome import outcome_of_reply
from vqaft.inference.predictions import Failure, FailureKind, Prediction
from vqaft.service import (
    KEY,
    FilesBackend,
    Ledger,
    MultipartPolicy,
    Page,
    RetryPolicy,
    Uploader,
    create_idempotently,
    paginate,
)

FINAL_STATUSES = frozenset({"completed", "failed", "expired", "cancelled"})


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A batch as the service last described it.

    Attributes:
        id: The service's id.
        status: An open set; see `is_final`.
        output_file: Id of the file with the answers; one that expired or was cancelled may have one too.
        error_file: Id of the file with the requests that failed.
        metadata: What was kept with the batch.
        done: How many requests are answered or failed, as far as said.
        total: How many there are, as far as said.
        problem: What was wrong with the whole batch, in the service's words.
    """

    id: str
    status: str
    output_file: str | None = None
    error_file: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    done: int | None = None
    total: int | None = None
    problem: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether the status never changes again; unknown ones are taken as still going."""
        return self.status in FINAL_STATUSES


class BatchBackend(FilesBackend, Protocol):
    """What a service must be able to do to take batches; each method makes one request and never repeats it."""

    def create_batch(self, input_file: str, *, metadata: Mapping[str, str]) -> Batch:
        """Hand over a file of requests. Repeating this call makes a second, paid batch."""
        ...

    def retrieve_batch(self, batch_id: str) -> Batch:
        """Describe a batch."""
        ...

    def list_batches(self, *, after: str | None = None) -> Page[Batch]:
        """Give a page of the account's batches, newest first."""
        ...


_PASSING_CODES = frozenset({"batch_expired", "batch_cancelled", "server_error", "rate_limit_exceeded"})


def read_results(content: bytes, *, model: str) -> Iterator[tuple[str, Prediction]]:
    """Read an output or error file; lines that are none are passed over, their requests count as missing.

    Args:
        content: The file.
        model: The model that was asked.

    Yields:
        The custom id and what became of the request; its example's id is left empty. Requests that another try may
        mend have a failure of the kind "unreachable" or "rate_limit".
    """
    for line in content.split(b"\n"):
        try:
            value = json.loads(line)
            yield str(value["custom_id"]), _prediction(value, model)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue


def _prediction(value: dict[str, Any], model: str) -> Prediction:
    response = value.get("response") or {}
    status = int(response.get("status_code") or 0)
    body = response.get("body") or {}
    choices = body.get("choices") or []
    if status != HTTPStatus.OK or not choices:
        return Prediction(example_id="", model=model, failure=_failure(value.get("error") or body.get("error"), status))
    message, usage = choices[0].get("message") or {}, body.get("usage") or {}
    reply = ChatReply(
        text=message.get("content"), finish_reason=choices[0].get("finish_reason"), refusal=message.get("refusal")
    )
    outcome = outcome_of_reply(reply)
    return Prediction(
        example_id="",
        model=model,
        answer=outcome if isinstance(outcome, str) else None,
        failure=outcome if isinstance(outcome, Failure) else None,
        prompt_tokens=usage.get("prompt_tokens"),
        completion_tokens=usage.get("completion_tokens"),
    )


def _failure(error: Any, status: int) -> Failure:
    code = str(error.get("code") or "") if isinstance(error, dict) else ""
    words = str(error.get("message") or "") if isinstance(error, dict) else ""
    message = ": ".join(part for part in (code, words) if part) or f"the request was answered with status {status}"
    return Failure(kind=_kind(code, status), message=message)


def _kind(code: str, status: int) -> FailureKind:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limit"
    says_nothing = not code and status in {0, HTTPStatus.OK}
    if says_nothing or code in _PASSING_CODES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "unreachable"
    if "content_filter" in code or "content_policy" in code:
        return "content_filter"
    return "image" if "image" in code else "rejected"


class BatchCreation:
    """Creates batches on one account; see `JobCreation`, whose way it goes.

    Args:
        backend: The service.
        ledger: Where uploads and batches are recorded.
        retry: How long to go on where the service fails.
        progress: Whether uploads show a progress bar.
    """

    def __init__(self, backend: BatchBackend, *, ledger: Ledger, retry: RetryPolicy, progress: bool) -> None:
        self._backend = backend
        self._ledger = ledger
        self._retry = retry
        self._uploader = Uploader(backend, ledger=ledger, retry=retry, sizes=MultipartPolicy(), progress=progress)

    def open_batches(self) -> list[Batch]:
        """Give the batches whose answers were not all taken by an earlier run; one whose id was lost is looked for."""
        account = self._backend.account
        batches = []
        for intent in list(self._ledger.entries("batch_intent", account=account)):
            if self._ledger.last("batch_end", account=account, key=intent["key"]) is not None:
                continue
            made = self._ledger.last("batch", account=account, key=intent["key"])
            found = self._retrieve(made["batch"]) if made else self._find(intent["key"])
            batches += [] if found is None else [found]
        return batches

    def create(self, path: Path) -> Batch:
        """Send a file of requests and make a batch of it.

        Args:
            path: The file; its name tells its content.
        """
        account = self._backend.account
        file = self._uploader.upload(path, purpose="batch")
        count = len(list(self._ledger.entries("batch_intent", account=account, file=file.id)))
        key = f"{path.stem}-{count + 1}"
        self._ledger.record("batch_intent", account=account, key=key, file=file.id)
        batch = create_idempotently(
            lambda: self._backend.create_batch(file.id, metadata={KEY: key}),
            lambda: self._look(key),
            retry=self._retry,
        )
        self._ledger.record("batch", account=account, key=key, batch=batch.id)
        return batch

    def close(self, batch: Batch) -> None:
        """Note that a batch's answers were all taken."""
        account, key = self._backend.account, batch.metadata.get(KEY)
        made = self._ledger.last("batch", account=account, batch=batch.id)
        key = made["key"] if made else key
        self._ledger.record("batch_end", account=account, key=key, batch=batch.id, status=batch.status)

    def _retrieve(self, batch_id: str) -> Batch:
        return self._retry.call(lambda: self._backend.retrieve_batch(batch_id))

    def _find(self, key: str) -> Batch | None:
        return self._retry.call(lambda: self._look(key))

    def _look(self, key: str) -> Batch | None:
        for batch in paginate(lambda after: self._backend.list_batches(after=after)):
            if batch.metadata.get(KEY) == key:
                return batch
        return None
