"""A job is followed to its end, each event once, through everything that passes."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vqaft.errors import JobFailedError, RateLimitError, RequestRefusedError, ServiceUnreachableError
from vqaft.service import Ledger, PollingPolicy, RetryPolicy
from vqaft.tuning import FineTuneClient, FineTuneJob, JobEvent, JobSpec


def event(number: int, **values: Any) -> JobEvent:
    given = {"created_at": 100, "level": "info", "type": "message", "message": f"event {number}", **values}
    return JobEvent(id=f"e{number}", **given)


@pytest.fixture
def client(service: Any, retry: RetryPolicy, tmp_path: Path) -> FineTuneClient:
    service.create_job(JobSpec(model="base", training_file="file-1"))
    return FineTuneClient(service, ledger=tmp_path / "ledger.jsonl", retry=retry, progress=False)


def test_events_come_once_and_in_order_over_pages(service: Any, client: FineTuneClient) -> None:
    service.statuses = deque(["validating_files", "queued", "running", "running", "succeeded"])
    seen = []
    service.events = [event(number) for number in range(5)]
    for happened in client.watch("job-0"):
        seen.append(happened.id)
        if len(seen) == 5:
            service.events += [event(5), event(3), event(6), event(7), event(8)]
    assert seen == [f"e{number}" for number in range(9)]


def test_states_that_are_not_known_or_go_back_are_still_going(service: Any, client: FineTuneClient) -> None:
    service.statuses = deque(["running", "hibernating", "queued", "paused", "", "succeeded"])
    assert client.wait("job-0", progress=False).fine_tuned_model == "ft:model"


def test_a_service_that_is_gone_for_long_is_waited_for(service: Any, client: FineTuneClient, clock: Any) -> None:
    service.statuses = deque(["running", "running", "succeeded"])
    service.faults["retrieve_job"] = deque([None, *[ServiceUnreachableError("restarting")] * 200])
    service.faults["list_events"] = deque([ServiceUnreachableError("reset"), RateLimitError("slow", retry_after_s=40)])
    assert client.wait("job-0", progress=False).status == "succeeded"
    assert clock.now > 1000


def test_a_service_that_was_never_there_is_not_waited_for(service: Any, client: FineTuneClient, clock: Any) -> None:
    service.faults["retrieve_job"] = deque([ServiceUnreachableError("nobody")] * 1000)
    with pytest.raises(ServiceUnreachableError):
        client.wait("job-0", progress=False)
    assert clock.now <= 60


def test_a_service_without_events_is_followed_all_the_same(service: Any, client: FineTuneClient) -> None:
    service.statuses = deque(["running", "succeeded"])
    service.faults["list_events"] = deque([RequestRefusedError("no route", status=404)] * 9)
    assert client.wait("job-0", progress=False).status == "succeeded"


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_job_without_a_model_is_an_error_in_the_services_words(
    service: Any, client: FineTuneClient, status: str
) -> None:
    service.jobs[0] = FineTuneJob(
        id="job-0", status=status, model="m", error_code="invalid_training_file", error_message="line 7 is wrong"
    )
    with pytest.raises(JobFailedError, match=r"job-0 .* \(invalid_training_file: line 7 is wrong\)") as caught:
        client.wait("job-0", progress=False)
    assert caught.value.code == "invalid_training_file"


def test_the_end_is_in_the_ledger_once(service: Any, client: FineTuneClient, tmp_path: Path) -> None:
    service.statuses = deque(["succeeded"])
    for _ in range(2):
        client.wait("job-0", progress=False)
    assert len(list(Ledger(tmp_path / "ledger.jsonl").entries("job_end", job="job-0"))) == 1


def test_looks_ever_more_rarely_while_nothing_happens(service: Any, client: FineTuneClient, clock: Any) -> None:
    service.statuses = deque(["running"] * 40 + ["succeeded"])
    client.wait("job-0", progress=False)
    assert clock.slept[0] < 1
    assert clock.slept[-1] == PollingPolicy().longest_s


def test_shows_what_people_want_to_know(
    service: Any, client: FineTuneClient, capsys: pytest.CaptureFixture[str]
) -> None:
    service.statuses = deque(["running", "succeeded"])
    service.events = [
        event(1, type="metrics", data={"step": 3, "total_steps": 9, "train_loss": 0.25}),
        event(2, type="moderation_checks", message="usage policy evaluation: passed"),
        event(3, level="warn", message="2 images were skipped"),
    ]
    service.jobs[0] = replace(service.jobs[0], estimated_finish=1_800_000_000)
    client.wait("job-0")
    shown = "".join(capsys.readouterr())
    assert re.search(r"ends=\d\d:\d\d", shown)
    for words in ("3/9", "train_loss=0.25", "usage policy evaluation: passed", "warn: 2 images were skipped", "job-0"):
        assert words in shown


def test_ctrl_c_leaves_the_job_and_says_how_to_return(
    service: Any, client: FineTuneClient, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    hasty = FineTuneClient(service, ledger=client.ledger, retry=RetryPolicy(sleep=interrupted))
    with pytest.raises(KeyboardInterrupt):
        hasty.wait("job-0")
    assert "vqaft watch job-0" in "".join(capsys.readouterr())
    assert service.cancelled == []


def test_checkpoints_come_by_step_and_jobs_newest_first(service: Any, client: FineTuneClient) -> None:
    assert [checkpoint.step for checkpoint in client.checkpoints("job-0")] == [1, 2, 3]
    for _ in range(4):
        service.create_job(JobSpec(model="base", training_file="file-1"))
    assert [job.id for job in client.jobs()] == [f"job-{number}" for number in (4, 3, 2, 1, 0)]
    assert client.cancel("job-2").status == "cancelled"
    assert client.pause("job-1").id == client.resume("job-1").id == "job-1"
