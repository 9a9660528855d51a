"""In doubt whether something paid exists: wait, look, create, look again; and what is gone is an outcome."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vqaft.errors import DataError, RequestRefusedError, ServiceError, StateError
from vqaft.service import KEY, Ledger, MultipartPolicy, Page, PollingPolicy, RetryPolicy, create_idempotently, paginate
from vqaft.tuning import FineTuneClient, FineTuneJob, Hyperparameters, JobEvent, JobSpec

SPEC = JobSpec(model="base", training_file="file-1")


@pytest.fixture
def client(service: Any, retry: RetryPolicy, tmp_path: Path) -> FineTuneClient:
    return FineTuneClient(service, ledger=tmp_path / "ledger.jsonl", retry=retry, progress=False)


def killed_while_creating(service: Any, client: FineTuneClient, *, lands: bool) -> None:
    """Leave the ledger as a process leaves it that is killed in the middle of a request."""

    def die(spec: JobSpec) -> FineTuneJob:
        if lands:
            service.late = spec
        raise SystemExit

    create, service.create_job = service.create_job, die
    with pytest.raises(SystemExit):
        client.create(SPEC)
    service.create_job = create


def test_after_a_kill_the_service_is_given_time_before_it_is_asked(
    service: Any, client: FineTuneClient, retry: RetryPolicy, clock: Any
) -> None:
    killed_while_creating(service, client, lands=True)

    def sleep(seconds: float) -> None:
        service.create_job(service.late)  # it lands while the client waits
        clock.sleep(seconds)

    again = FineTuneClient(service, ledger=client.ledger, retry=replace(retry, sleep=sleep), progress=False)
    assert again.create(SPEC).id == "job-0"
    assert len(service.jobs) == 1
    assert clock.slept == [retry.consistency_delay_s]


def test_one_that_lands_while_another_is_created_is_found_by_looking_again(
    service: Any, client: FineTuneClient
) -> None:
    killed_while_creating(service, client, lands=True)
    create = service.create_job

    def late(spec: JobSpec) -> FineTuneJob:
        create(service.late)
        made: FineTuneJob = create(spec)
        return made

    service.create_job = late
    assert client.create(SPEC).id == "job-0"
    assert service.cancelled == ["job-1"]


def test_a_kill_before_the_request_was_sent_costs_a_wait_and_nothing_else(
    service: Any, client: FineTuneClient, clock: Any
) -> None:
    killed_while_creating(service, client, lands=False)
    assert client.create(SPEC).id == "job-0"
    assert clock.slept == [5.0]


@pytest.mark.parametrize("place", range(3))
def test_a_damaged_ledger_is_no_reason_for_a_second_job(
    service: Any, client: FineTuneClient, tmp_path: Path, retry: RetryPolicy, place: int
) -> None:
    client.create(SPEC)
    path = tmp_path / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[place % len(lines)] = lines[place % len(lines)].replace(b'"account"', b'"occount"')
    path.write_bytes(b"".join(lines))
    again = FineTuneClient(service, ledger=path, retry=retry, progress=False)
    with pytest.warns(UserWarning, match="damaged"):
        assert again.create(SPEC).id == "job-0"
    assert len(service.jobs) == 1


class Forgetful:
    """A service that keeps no metadata with its jobs; its list may leave out what the job itself has."""

    account = "forgetful"

    def __init__(self, *, only_in_lists: bool = False) -> None:
        self.jobs: list[FineTuneJob] = []
        self.only_in_lists = only_in_lists

    def create_job(self, spec: JobSpec) -> FineTuneJob:
        kept = dict(spec.metadata) if self.only_in_lists else {}
        name = f"job-{len(self.jobs)}"
        job = FineTuneJob(id=name, status="queued", model=spec.model, training_file="file-1", metadata=kept)
        self.jobs.append(job)
        return job

    def retrieve_job(self, job_id: str) -> FineTuneJob:
        return next(job for job in self.jobs if job.id == job_id)

    def list_jobs(self, *, after: str | None = None) -> Page[FineTuneJob]:
        assert after is None
        return Page(entries=tuple(replace(job, metadata={}) for job in reversed(self.jobs)))


def losing(create: Callable[[JobSpec], FineTuneJob], lost: ServiceError) -> Callable[[JobSpec], FineTuneJob]:
    """Return a creation whose first answer is lost."""
    calls = itertools.count()

    def create_job(spec: JobSpec) -> FineTuneJob:
        job = create(spec)
        if next(calls) == 0:
            raise lost
        return job

    return create_job


def test_a_service_without_metadata_is_noticed_before_a_second_job(
    retry: RetryPolicy, lost: ServiceError, tmp_path: Path
) -> None:
    service: Any = Forgetful()
    service.create_job = losing(service.create_job, lost)
    client = FineTuneClient(service, ledger=tmp_path / "l", retry=retry, progress=False)
    for _ in range(2):
        with pytest.raises(RequestRefusedError, match="keeps no metadata"):
            client.create(SPEC)
    assert len(service.jobs) == 1


def test_a_list_without_metadata_is_not_taken_for_a_service_without(
    retry: RetryPolicy, lost: ServiceError, tmp_path: Path
) -> None:
    service: Any = Forgetful(only_in_lists=True)
    service.create_job = losing(service.create_job, lost)
    client = FineTuneClient(service, ledger=tmp_path / "l", retry=retry, progress=False)
    assert client.create(SPEC).id == "job-0"
    assert len(service.jobs) == 1


def test_jobs_of_earlier_intents_do_not_stand_in_the_way(
    retry: RetryPolicy, lost: ServiceError, tmp_path: Path
) -> None:
    service: Any = Forgetful()
    client = FineTuneClient(service, ledger=tmp_path / "l", retry=retry, progress=False)
    client.create(SPEC)
    service.create_job = losing(service.create_job, lost)
    with pytest.raises(RequestRefusedError, match="job job-1 is on the same file"):
        client.create(replace(SPEC, seed=2))


def test_the_younger_of_two_goes_whatever_is_created(retry: RetryPolicy) -> None:
    there = ["old", "young"]
    discarded: list[str] = []
    found = create_idempotently(lambda: "never", lambda: there, retry=retry, in_doubt=True, discard=discarded.append)
    assert (found, discarded) == ("old", ["young"])


def test_a_list_without_end_is_no_proof_of_absence() -> None:
    numbers = itertools.count()
    with pytest.raises(RequestRefusedError, match="more than 9 pages"):
        list(paginate(lambda _: Page(entries=(1,), after=str(next(numbers))), max_pages=9))


def test_events_without_end_are_left_where_they_are(service: Any, client: FineTuneClient) -> None:
    job = client.create(SPEC)
    service.set_status(0, "succeeded")
    numbers = itertools.count()

    def events(_: str, *, after: str | None = None) -> Page[JobEvent]:
        assert after is None or after.isdecimal()
        number = next(numbers)
        event = JobEvent(id=f"e{number}", created_at=1, level="info", type="message", message="m")
        return Page(entries=(event,), after=str(number))

    service.list_events = events
    with pytest.warns(UserWarning, match="more than 200 pages"):
        assert client.wait(job.id, progress=False).status == "succeeded"
    assert next(numbers) == 200


def test_a_job_that_is_gone_is_told_with_a_remedy(client: FineTuneClient) -> None:
    for look in (client.retrieve, client.wait, lambda name: list(client.watch(name))):
        with pytest.raises(RequestRefusedError, match=r"has no job job-9.*vqaft jobs") as caught:
            look("job-9")
        assert caught.value.status == 404


def test_numbers_whose_file_is_gone_are_read_from_the_events(service: Any, client: FineTuneClient) -> None:
    job = client.create(SPEC)
    service.jobs[0] = replace(service.jobs[0], result_files=("file-gone",))
    service.faults["download_file"] = deque([RequestRefusedError("gone", status=404)] * 9)
    data = {"step": 1, "train_loss": 0.5}
    service.events.append(JobEvent(id="e", created_at=1, level="info", type="metrics", message="m", data=data))
    assert client.metrics(job.id)[0].values == {"train_loss": 0.5}


def test_a_refused_intent_is_not_in_doubt(service: Any, client: FineTuneClient, clock: Any) -> None:
    service.faults["create_job"] = deque([RequestRefusedError("bad", status=400)])
    with pytest.raises(RequestRefusedError):
        client.create(SPEC)
    assert client.create(SPEC).id == "job-0"
    assert clock.slept == []


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Hyperparameters(n_epochs=0), "n_epochs=0"),
        (lambda: Hyperparameters(n_epochs=-3), "n_epochs=-3"),
        (lambda: Hyperparameters(n_epochs=True), "n_epochs=True"),
        (lambda: Hyperparameters(batch_size=257), "batch_size=257"),
        (lambda: Hyperparameters(learning_rate_multiplier=float("nan")), "learning_rate_multiplier"),
        (lambda: Hyperparameters(beta=2.5), "beta=2.5"),
        (lambda: JobSpec(model="", training_file="f"), "model"),
        (lambda: JobSpec(model="m", training_file="f", seed=-1), "seed=-1"),
        (lambda: JobSpec(model="m", training_file="f", suffix="x" * 65), "suffix"),
        (lambda: JobSpec(model="m", training_file="f", metadata={str(n): "" for n in range(16)}), "metadata"),
        (lambda: JobSpec(model="m", training_file="f", metadata={"k": "x" * 513}), "metadata"),
        (lambda: JobSpec(model="m", training_file="f", hyperparameters={"n_epochs": 2}), "Hyperparameters"),  # type: ignore[arg-type]
        (lambda: JobSpec(model="m", training_file="f", method="rlhf"), "method"),  # type: ignore[arg-type]
        (lambda: RetryPolicy(max_wait_s=-1), "max_wait_s"),
        (lambda: PollingPolicy(patience_s=float("nan")), "patience_s"),
        (lambda: MultipartPolicy(part_bytes=0), "part_bytes"),
    ],
)
def test_what_the_contract_rules_out_is_refused_with_its_range(make: Callable[[], Any], named: str) -> None:
    with pytest.raises(DataError, match=named):
        make()


def test_values_are_values() -> None:
    assert hash(JobSpec(model="m", training_file="f", metadata={KEY: "k"})) is not None
    assert hash(FineTuneJob(id="j", status="s", model="m", metadata={"a": "b"})) is not None


@pytest.mark.parametrize("name", ["alias", "sub/../ledger.jsonl", "./ledger.jsonl"])
def test_a_ledger_under_two_names_is_one(service: Any, retry: RetryPolicy, tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "ledger.jsonl").touch()
    (tmp_path / "alias").symlink_to("ledger.jsonl")
    for path in (tmp_path / "ledger.jsonl", tmp_path / name):
        FineTuneClient(service, ledger=path, retry=retry, progress=False).create(SPEC)
    assert len(service.jobs) == 1
    assert Ledger(tmp_path / name).path == tmp_path / "ledger.jsonl"


def test_a_ledger_that_is_moved_away_while_it_is_open_is_not_forgotten(
    service: Any, client: FineTuneClient, tmp_path: Path
) -> None:
    client.create(SPEC)
    (tmp_path / "ledger.jsonl").rename(tmp_path / "elsewhere")
    with pytest.warns(UserWarning, match="moved or replaced"):
        assert client.create(SPEC).id == "job-0"
    assert len(service.jobs) == 1


def test_another_file_is_not_taken_for_a_ledger(service: Any, retry: RetryPolicy, tmp_path: Path) -> None:
    path = tmp_path / "thesis.txt"
    path.write_text("my thesis")
    with pytest.raises(StateError, match="not a ledger of vqaft"):
        FineTuneClient(service, ledger=path, retry=retry, progress=False).create(SPEC)
    assert path.read_text() == "my thesis"
    assert service.jobs == []
