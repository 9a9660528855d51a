"""One intent, at most one job: across lost answers, killed runs and several processes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from http import HTTPStatus
from typing import Any

from vqaft.errors import RequestRefusedError
from vqaft.service import KEY, Ledger, RetryPolicy, create_idempotently, paginate
from vqaft.tuning.backend import FineTuneBackend
from vqaft.tuning.job import FineTuneJob, JobSpec

"""The name under which a job's metadata holds the key of its intent."""


class JobCreation:
    """Creates jobs on one account, each intent once.

    The intent is the job's description. It is on the disk, with a key of its own, before anything is sent; the key
    goes into the job's metadata. Where it is in doubt whether a job was made, the account's jobs are looked through
    for the key, on this side, since not every service filters its list.

    A job that failed or was cancelled has used up its intent: asking for the same again makes a new job.

    Args:
        backend: The service.
        ledger: Where intents and jobs are recorded; processes that share it never make two jobs of one intent.
        retry: How long to go on where the service fails.
    """

    def __init__(self, backend: FineTuneBackend, *, ledger: Ledger, retry: RetryPolicy) -> None:
        self._backend = backend
        self._ledger = ledger
        self._retry = retry

    def create(self, spec: JobSpec) -> FineTuneJob:
        """Create a job, or give the one that this intent has made already.

        Args:
            spec: What to train, and on what.

        Raises:
            RequestRefusedError: If the service does not take it; or if it is in doubt whether a job was made and the
                service cannot tell: a second one is never made then.
            ServiceError: If the service cannot be reached.
        """
        account = self._backend.account
        intent = _digest(spec, account)
        with self._ledger.lock(f"create-{intent}"):
            keys = [entry["key"] for entry in self._ledger.entries("intent", account=account, intent=intent)]
            if not keys:
                return self._make(spec, self._begin(spec, intent, attempt=1), in_doubt=False)
            made = self._ledger.last("job", account=account, key=keys[-1])
            if made is None:
                return self._make(spec, keys[-1], in_doubt=True)
            job = self._still_good(made["job"], keys[-1])
            return job or self._make(spec, self._begin(spec, intent, attempt=len(keys) + 1), in_doubt=False)

    def _begin(self, spec: JobSpec, intent: str, *, attempt: int) -> str:
        key = f"{intent}-{attempt}"
        self._ledger.record("intent", account=self._backend.account, intent=intent, key=key, model=spec.model)
        return key

    def _make(self, spec: JobSpec, key: str, *, in_doubt: bool) -> FineTuneJob:
        stamped = replace(spec, metadata={**spec.metadata, KEY: key})
        sent = 0

        def make() -> FineTuneJob:
            nonlocal sent
            sent += 1
            return self._backend.create_job(stamped)

        job = create_idempotently(make, lambda: self._find(key), retry=self._retry, in_doubt=in_doubt)
        if sent > 1:
            # The first request may have been carried out long after it was given up: then one of the two goes.
            job = self._retry.call(lambda: self._find(key)) or job
        self._ledger.record("job", account=self._backend.account, key=key, job=job.id, model=spec.model)
        return job

    def _find(self, key: str) -> FineTuneJob | None:
        jobs = paginate(lambda after: self._backend.list_jobs(after=after))
        made = [job for job in jobs if job.metadata.get(KEY) == key]
        # Newest first. More than one can only be there if a lost request was carried out long after it was given up.
        for extra in made[:-1]:
            if not extra.is_final:
                self._backend.cancel_job(extra.id)
        return made[-1] if made else None

    def _still_good(self, job_id: str, key: str) -> FineTuneJob | None:
        try:
            job: FineTuneJob | None = self._retry.call(lambda: self._backend.retrieve_job(job_id))
        except RequestRefusedError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            # "No such job" is checked against the list before another one is paid for.
            job = self._retry.call(lambda: self._find(key))
        return None if job is None or job.status in {"failed", "cancelled"} else job


def _digest(spec: JobSpec, account: str) -> str:
    described: dict[str, Any] = {**asdict(spec), "account": account}
    text = json.dumps(described, sort_keys=True, default=dict)
    return hashlib.sha256(text.encode()).hexdigest()[:24]
