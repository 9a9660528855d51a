"""What the table of faults does at each route; imported by test_client_faults.py."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from openai import OpenAI

from tests.faults.killed_work import Builder
from vqaft.backends import OpenAIBackend
from vqaft.data import VQAExample
from vqaft.inference import BatchPredictor, ChatSettings, Predictor, RateLimitedBackend
from vqaft.service import MultipartPolicy, PollingPolicy, RetryPolicy
from vqaft.tuning import FineTuneClient, JobSpec

ROW = b'{"messages":[{"role":"user","content":"%d"},{"role":"assistant","content":"a"}]}\n'
RETRY = RetryPolicy(
    first_wait_s=0.002, max_wait_s=0.01, unavailable_timeout_s=5.0, rate_limit_timeout_s=5.0, consistency_delay_s=0.002
)
PACE = PollingPolicy(shortest_s=0.01, longest_s=0.02, patience_s=5.0)
_numbers = itertools.count()


class Rig:
    """A client of its own for one row of the table, with a ledger of its own.

    Args:
        sdk: The SDK's client, which is slow to make and shared by all rows.
        folder: An empty folder.
        done: Id of a job that has succeeded.
        consistency_delay_s: How long the service is given to show what a lost request made.
    """

    def __init__(self, sdk: OpenAI, folder: Path, *, done: str, consistency_delay_s: float = 0.002) -> None:
        self.folder = folder
        self.done = done
        self.backend = OpenAIBackend(sdk)
        self.number = next(_numbers)
        self.retry = replace(RETRY, consistency_delay_s=consistency_delay_s)

    def client(self, **settings: Any) -> FineTuneClient:
        given = {"retry": self.retry, "pace": PACE, "calendar": (), "progress": False, **settings}
        return FineTuneClient(self.backend, ledger=self.folder / "ledger.jsonl", **given)

    def file(self) -> Path:
        path = self.folder / "train.jsonl"
        path.write_bytes(b"".join(ROW % (1000 * self.number + line) for line in range(10)))
        return path

    def spec(self, training_file: str) -> JobSpec:
        return JobSpec(model="quick", training_file=training_file, seed=self.number)

    def examples(self) -> list[VQAExample]:
        return [VQAExample(id=str(n), image=b"x", question=f"{self.number}/{n}") for n in range(3)]


@dataclass(frozen=True, kw_only=True)
class Route:
    """A route of the API and the deed that goes over it.

    Attributes:
        method: The request's method.
        path: What its path has in it.
        prepare: Done before the fault is planned; its result goes to the deed.
        act: The deed.
        is_list: Whether the answer is a list.
        makes: What the server may do meanwhile, once.
    """

    method: str
    path: str
    prepare: Callable[[Rig], Any]
    act: Callable[[Rig, Any], Any]
    is_list: bool = False
    makes: frozenset[str] = frozenset()


def predict(rig: Rig, _: Any) -> Any:
    patient = RateLimitedBackend(rig.backend, retry=rig.retry)
    predictor = Predictor(patient, Builder(), model="fixed", max_workers=2, progress=False)
    return predictor.predict(rig.examples(), journal=rig.folder / "journal.jsonl")


def batch(rig: Rig, _: Any) -> Any:
    predictor = BatchPredictor(
        rig.backend,
        Builder(),
        settings=ChatSettings(model="fixed"),
        folder=rig.folder / "batch",
        retry=rig.retry,
        pace=PACE,
        progress=False,
    )
    return predictor.predict(rig.examples())


def uploaded(rig: Rig) -> str:
    return rig.client().upload(rig.file()).id


def parted(rig: Rig, _: Any) -> Any:
    sizes = MultipartPolicy(above_bytes=100, part_bytes=400, max_workers=1)
    return rig.client(sizes=sizes).upload(rig.file())


def abandoned(rig: Rig) -> None:
    """Leave an upload in parts behind, as a killed run does, older than its hour."""
    client, path = rig.client(), rig.file()
    from vqaft.service import fingerprint

    content = fingerprint(path)
    upload = rig.backend.start_upload("x.jsonl", size_bytes=content.size_bytes, purpose="fine-tune")
    facts = {"account": rig.backend.account, "sha256": content.sha256, "purpose": "fine-tune"}
    client.ledger.record("parts", upload=upload, part_bytes=400, started=0.0, **facts)


def doubtful_upload(rig: Rig) -> None:
    """Leave an intent to upload behind, whose outcome nobody knows."""
    from vqaft.service import fingerprint

    facts = {"account": rig.backend.account, "sha256": fingerprint(rig.file()).sha256, "purpose": "fine-tune"}
    rig.client().ledger.record("upload_intent", **facts)


def forgotten_job(rig: Rig) -> JobSpec:
    """Create a job, and lose the line of the ledger that says so."""
    client = rig.client()
    spec = rig.spec(uploaded(rig))
    client.create(spec)
    lines = client.ledger.path.read_bytes().splitlines(keepends=True)
    client.ledger.path.write_bytes(b"".join(line for line in lines if b'"kind":"job"' not in line))
    return spec


def forgotten_batch(rig: Rig) -> None:
    """Run a batch, and lose the lines of the ledger and the journal that say so."""
    batch(rig, None)
    path = rig.folder / "batch" / "ledger.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lost = (b'"kind":"batch"', b'"kind":"batch_end"')
    path.write_bytes(b"".join(line for line in lines if not any(kind in line for kind in lost)))
    (rig.folder / "batch" / "journal.jsonl").unlink()


def known_job(rig: Rig) -> tuple[JobSpec, str]:
    spec = rig.spec(uploaded(rig))
    return spec, rig.client().create(spec).id


def nothing(_: Rig) -> None:
    """Prepare nothing."""


JOBS = "/fine_tuning/jobs"
ASKED = frozenset({"completion"})
SENT = frozenset({"file"})
TRAINED = frozenset({"job"})
PARTED = frozenset({"upload", "upload-completed"})
BATCHED = frozenset({"file", "batch"})

ROUTES: dict[str, Route] = {
    "chat": Route(makes=ASKED, method="POST", path="/chat/completions", prepare=nothing, act=predict),
    "file-create": Route(
        makes=SENT,
        method="POST",
        path="/files",
        prepare=nothing,
        act=lambda rig, _: rig.client().upload(rig.file()),
    ),
    "file-retrieve": Route(
        makes=SENT,
        method="GET",
        path="/files/file",
        prepare=uploaded,
        act=lambda rig, _: rig.client().upload(rig.file()),
    ),
    "file-list": Route(
        makes=SENT,
        method="GET",
        path="/files",
        prepare=doubtful_upload,
        act=lambda rig, _: rig.client().upload(rig.file()),
        is_list=True,
    ),
    "file-content": Route(
        method="GET", path="/content", prepare=nothing, act=lambda rig, _: rig.client().metrics(rig.done)
    ),
    "job-create": Route(
        makes=TRAINED,
        method="POST",
        path=JOBS,
        prepare=uploaded,
        act=lambda rig, file: rig.client().create(rig.spec(file)),
    ),
    "job-retrieve": Route(
        method="GET", path=f"{JOBS}/ftjob", prepare=known_job, act=lambda rig, known: rig.client().create(known[0])
    ),
    "job-list": Route(
        method="GET", path=JOBS, prepare=forgotten_job, act=lambda rig, spec: rig.client().create(spec), is_list=True
    ),
    "job-wait": Route(
        method="GET",
        path=f"{JOBS}/ftjob",
        prepare=nothing,
        act=lambda rig, _: rig.client().wait(rig.done, progress=False),
    ),
    "job-cancel": Route(
        method="POST", path="/cancel", prepare=known_job, act=lambda rig, known: rig.client().cancel(known[1])
    ),
    "job-pause": Route(
        method="POST", path="/pause", prepare=known_job, act=lambda rig, known: rig.client().pause(known[1])
    ),
    "job-resume": Route(
        method="POST", path="/resume", prepare=known_job, act=lambda rig, known: rig.client().resume(known[1])
    ),
    "job-events": Route(
        method="GET",
        path="/events",
        prepare=nothing,
        act=lambda rig, _: tuple(rig.client().watch(rig.done)),
        is_list=True,
    ),
    "job-checkpoints": Route(
        method="GET",
        path="/checkpoints",
        prepare=nothing,
        act=lambda rig, _: rig.client().checkpoints(rig.done),
        is_list=True,
    ),
    "upload-create": Route(makes=PARTED, method="POST", path="/uploads", prepare=nothing, act=parted),
    "upload-part": Route(makes=PARTED, method="POST", path="/parts", prepare=nothing, act=parted),
    "upload-complete": Route(makes=PARTED, method="POST", path="/complete", prepare=nothing, act=parted),
    "upload-cancel": Route(makes=PARTED, method="POST", path="/cancel", prepare=abandoned, act=parted),
    "batch-create": Route(makes=BATCHED, method="POST", path="/batches", prepare=nothing, act=batch),
    "batch-retrieve": Route(makes=BATCHED, method="GET", path="/batches/", prepare=nothing, act=batch),
    "batch-list": Route(method="GET", path="/batches", prepare=forgotten_batch, act=batch, is_list=True),
    "batch-output": Route(makes=BATCHED, method="GET", path="/content", prepare=nothing, act=batch),
    "model-retrieve": Route(
        makes=TRAINED,
        method="GET",
        path="/models/",
        prepare=uploaded,
        act=lambda rig, file: rig.client().create(rig.spec(file)),
    ),
}
