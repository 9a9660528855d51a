"""Idempotent creation of jobs: one intent, at most one job, across lost answers, kills and several processes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import Any

from vqaft.errors import RequestRefusedError, ServiceError, ServiceUnreachableError
from vqaft.service import KEY, Ledger, RetryPolicy, create_idempotently, is_gone, paginate, was_refused
from vqaft.tuning.backend import FineTuneBackend
from vqaft.tuning.job import FineTuneJob, JobSpec

_LOOKED_AT = 20
"""Jobs without a key that are looked at one by one, newest first."""


class JobCreation:
    """Creates jobs on one account, each intent once.

    The intent is the job's description. It is on the disk, with a key of its own, before anything is sent; the key
    goes into the job's metadata. Where it is in doubt whether a job was created, the account's jobs are searched
    for the key, on this side, since not every service filters its list. Where one of them could be it but bears no key
    at all, the service does not keep metadata and cannot tell: then no second job is created.

    A job that failed or was cancelled has used up its intent: asking for the same again creates a new job.

    Args:
        backend: The service.
        ledger: Where intents and jobs are recorded; processes that share it never create two jobs of one intent.
        retry: How long to go on where the service fails.
    """

    def __init__(self, backend: FineTuneBackend, *, ledger: Ledger, retry: RetryPolicy) -> None:
        self._backend = backend
        self._ledger = ledger
        self._retry = retry

    def create(self, spec: JobSpec) -> FineTuneJob:
        """Create a job, or return the one that this intent has created already.

        Args:
            spec: What to train, and on what.

        Raises:
            RequestRefusedError: If the service does not accept it; or if it is in doubt whether a job was created and
                the service cannot tell: a second one is never created then.
            ServiceError: If the service cannot be reached.
        """
        account = self._backend.account
        intent = _digest(spec, account)
        with self._ledger.lock(f"create-{intent}"):
            keys = [entry["key"] for entry in self._ledger.entries("intent", account=account, intent=intent)]
            is_damaged = self._ledger.is_damaged  # then a line that is missing may have been this intent's
            if not keys:
                return self._create(spec, self._begin(spec, intent, attempt=1), in_doubt=is_damaged)
            created = self._ledger.last("job", account=account, key=keys[-1])
            if created is None:
                in_doubt = self._is_in_doubt(keys[-1])
                self._ledger.record("intent_resumed", account=account, key=keys[-1])
                return self._create(spec, keys[-1], in_doubt=in_doubt)
            job = self._still_good(created["job"], spec, keys[-1])
            return job or self._create(spec, self._begin(spec, intent, attempt=len(keys) + 1), in_doubt=is_damaged)

    def _begin(self, spec: JobSpec, intent: str, *, attempt: int) -> str:
        key = f"{intent}-{attempt}"
        self._ledger.record("intent", account=self._backend.account, intent=intent, key=key, model=spec.model)
        return key

    def _is_in_doubt(self, key: str) -> bool:
        """Return whether a request of this intent may have been carried out: not where its last one was refused."""
        steps = [entry["kind"] for entry in self._ledger.entries(account=self._backend.account, key=key)]
        return self._ledger.is_damaged or not steps or steps[-1] != "intent_refused"

    def _create(self, spec: JobSpec, key: str, *, in_doubt: bool) -> FineTuneJob:
        stamped = replace(spec, metadata={**spec.metadata, KEY: key})
        account = self._backend.account
        is_first = not in_doubt

        def create() -> FineTuneJob:
            nonlocal is_first
            was_first, is_first = is_first, False
            try:
                job = self._backend.create_job(stamped)
            except ServiceError as error:
                if was_first and was_refused(error):
                    is_first = True
                    self._ledger.record("intent_refused", account=account, key=key)
                raise
            if job.metadata.get(KEY, key) != key:
                raise ServiceUnreachableError(f"the answer is about another job, {job.id}")
            return job

        job = create_idempotently(
            create, lambda: self._find(stamped, key), retry=self._retry, in_doubt=in_doubt, discard=self._discard
        )
        self._ledger.record("job", account=account, key=key, job=job.id, model=spec.model)
        return job

    def _find(self, spec: JobSpec, key: str) -> list[FineTuneJob]:
        """Return the jobs that bear the key, oldest first.

        Raises:
            RequestRefusedError: If there is none, but one that could be it and bears no key at all.
        """
        jobs = list(paginate(lambda after: self._backend.list_jobs(after=after)))
        found = [job for job in jobs if job.metadata.get(KEY) == key]
        if found:
            return found[::-1]
        ours = {entry["job"] for entry in self._ledger.entries("job", account=self._backend.account)}
        keyless = [job for job in jobs if KEY not in job.metadata and job.id not in ours and _could_be(job, spec)]
        for listed in keyless[:_LOOKED_AT]:
            job = self._backend.retrieve_job(listed.id)  # some lists leave out what the job itself has
            if job.metadata.get(KEY) == key:
                found.append(job)
            elif KEY not in job.metadata:
                text = f"job {job.id} is on the same file and model and bears no key: the service keeps no metadata"
                raise RequestRefusedError(text)
        return found[::-1]

    def _discard(self, job: FineTuneJob) -> None:
        if not job.is_final:
            self._backend.cancel_job(job.id)

    def _still_good(self, job_id: str, spec: JobSpec, key: str) -> FineTuneJob | None:
        try:
            job: FineTuneJob | None = self._retry.call(lambda: self._backend.retrieve_job(job_id))
        except RequestRefusedError as error:
            if not is_gone(error):
                raise
            # "No such job" is checked against the list before another one is paid for.
            job = next(iter(self._retry.call(lambda: self._find(spec, key))), None)
        return None if job is None or job.status in {"failed", "cancelled"} else job


def _could_be(job: FineTuneJob, spec: JobSpec) -> bool:
    return job.model in {"", spec.model} and job.training_file in {None, spec.training_file}


def _digest(spec: JobSpec, account: str) -> str:
    described: dict[str, Any] = {**asdict(spec), "account": account}
    text = json.dumps(described, sort_keys=True, default=dict)
    return hashlib.sha256(text.encode()).hexdigest()[:24]
