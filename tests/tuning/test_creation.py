"""One intent makes at most one job."""

from __future__ import annotations

import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from vqaft.errors import QuotaError, RateLimitError, RequestRefusedError, ServiceError, ServiceUnreachableError
from vqaft.service import Ledger, RetryPolicy
from vqaft.tuning import FineTuneClient, JobSpec

SPEC = JobSpec(model="base", training_file="file-1", suffix="shapes", metadata={"mine": "kept"})


@pytest.fixture
def client(service: Any, retry: RetryPolicy, tmp_path: Path) -> FineTuneClient:
    return FineTuneClient(service, ledger=tmp_path / "ledger.jsonl", retry=retry, progress=False)


def test_the_same_description_is_the_same_job(service: Any, client: FineTuneClient) -> None:
    job = client.create(SPEC)
    assert job.metadata["mine"] == "kept"
    assert client.create(SPEC).id == job.id
    assert client.create(JobSpec(model="other", training_file="file-1")).id != job.id
    assert service.calls["create_job"] == 2


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_lost_answer_makes_no_second_job(
    service: Any, client: FineTuneClient, lost: ServiceError, count: int
) -> None:
    for number in range(5):
        service.create_job(JobSpec(model=f"somebody else's {number}", training_file="x"))
    service.faults["create_job"] = deque([lost] * count)
    job = client.create(SPEC)
    assert job.id == "job-5"
    assert len(service.jobs) == 6
    assert client.create(SPEC).id == job.id


def test_a_request_that_never_arrived_is_sent_again(service: Any, client: FineTuneClient) -> None:
    service.faults["create_job"] = deque([ServiceUnreachableError("refused"), RateLimitError("slow", status=429)])
    client.create(SPEC)
    assert len(service.jobs) == 1


def test_a_killed_run_is_taken_up(service: Any, client: FineTuneClient, tmp_path: Path) -> None:
    client.create(SPEC)
    path = tmp_path / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    assert b'"kind":"job"' in lines[-1]
    path.write_bytes(b"".join(lines[:-1]))  # killed after the service made the job, before the ledger knew
    assert client.create(SPEC).id == "job-0"
    assert len(service.jobs) == 1


def test_where_the_service_cannot_tell_no_second_job_is_made(
    service: Any, client: FineTuneClient, lost: ServiceError
) -> None:
    service.faults["create_job"] = deque([lost])
    service.faults["list_jobs"] = deque([RequestRefusedError("no such route", status=404)] * 9)
    for _ in range(2):
        with pytest.raises(RequestRefusedError, match="cannot say what it created"):
            client.create(SPEC)
    assert len(service.jobs) == 1


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_job_that_failed_has_used_up_its_intent(service: Any, client: FineTuneClient, status: str) -> None:
    client.create(SPEC)
    service.set_status(0, status)
    assert client.create(SPEC).id == "job-1"
    assert client.create(SPEC).id == "job-1"


def test_a_job_that_the_service_forgot_is_made_again(service: Any, client: FineTuneClient) -> None:
    client.create(SPEC)
    service.jobs.clear()
    client.create(SPEC)
    assert len(service.jobs) == 1


def test_a_late_second_job_is_cancelled(service: Any, client: FineTuneClient, lost: ServiceError) -> None:
    original = service.create_job

    def twice(spec: JobSpec) -> Any:
        original(spec)
        return original(spec)

    service.create_job = twice
    service.faults["create_job"] = deque([None, lost])
    assert client.create(SPEC).id == "job-0"
    assert service.cancelled == ["job-1"]


@pytest.mark.parametrize("error", [QuotaError("no money"), RequestRefusedError("bad file", status=400)])
def test_a_refusal_is_raised_and_can_be_tried_again(service: Any, client: FineTuneClient, error: ServiceError) -> None:
    service.faults["create_job"] = deque([error])
    with pytest.raises(type(error)):
        client.create(SPEC)
    client.create(SPEC)
    assert len(service.jobs) == 1


RACER = """
import sys
from pathlib import Path
from vqaft.tuning import FineTuneClient, FineTuneJob, JobSpec

class FolderService:
    account = "folder"

    def create_job(self, spec):
        number = len(list(Path("jobs").iterdir()))
        Path(f"jobs/job-{number}").touch(exist_ok=False)
        return FineTuneJob(id=f"job-{number}", status="queued", model=spec.model)

    def retrieve_job(self, job_id):
        return FineTuneJob(id=job_id, status="running", model="base")

client = FineTuneClient(FolderService(), ledger="ledger.jsonl", progress=False)
print(client.create(JobSpec(model="base", training_file="file-1")).id)
"""


def test_processes_with_one_ledger_make_one_job(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    command = [sys.executable, "-c", RACER]
    racers = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) for _ in range(4)]  # noqa: S603
    assert [racer.communicate()[0].strip() for racer in racers] == ["job-0"] * 4
    assert len(list((tmp_path / "jobs").iterdir())) == 1
    assert len(list(Ledger(tmp_path / "ledger.jsonl").entries("job"))) == 1
