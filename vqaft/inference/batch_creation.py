"""One file of requests, at most one batch."""

from __future__ import annotations

from pathlib import Path

from vqaft.inference.batch import Batch, BatchBackend
from vqaft.retry import RetryPolicy
from vqaft.tuning import KEY, Ledger, PartSizes, Uploader, all_entries, make_once


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
        self._uploader = Uploader(backend, ledger=ledger, retry=retry, sizes=PartSizes(), progress=progress)

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
        batch = make_once(
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
        for batch in all_entries(lambda after: self._backend.list_batches(after=after)):
            if batch.metadata.get(KEY) == key:
                return batch
        return None
