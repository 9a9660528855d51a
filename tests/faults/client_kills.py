"""Runs work that gets killed, and tells what became of it; started by test_client_kills.py, never imported by it.

A process that has everything loaded forks a child for each run, so that a kill costs milliseconds. The service is a
folder: what it was asked to make or to answer stands there, written by it alone, and is the only witness.

    python client_kills.py sweep FOLDER PLACE…   each durable write of each work, killed before, torn or after it
    python client_kills.py random FOLDER N       N kills at random moments of one prediction run of 500 examples
    python client_kills.py full FOLDER BYTES…    a prediction run for which no file can grow beyond so many bytes
"""

# ruff: noqa: T201 - this script talks to its test by printing

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import resource
import signal
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import tqdm.auto  # noqa: F401 - loaded once, here, instead of in each child

from vqaft.data import VQAExample
from vqaft.errors import RequestRefusedError, StateError
from vqaft.inference import Batch, BatchPredictor, ChatReply, ChatRequest, ChatSettings, Predictor, ShardLimits
from vqaft.service import FilePart, MultipartPolicy, OnBytes, Page, RemoteFile, RetryPolicy
from vqaft.testing import kill_at_write
from vqaft.tuning import FineTuneClient, FineTuneJob, JobSpec

WORKERS = 4
STATE_ERROR = 3
QUICK = RetryPolicy(consistency_delay_s=0.0)


class FolderService:
    """A service whose memory is a folder, so that it outlives who asks it; it bills every request it carries out."""

    account = "folder#me"

    def __init__(self, folder: Path, *, latency_s: float = 0.0) -> None:
        self.folder = folder
        self._latency_s = latency_s
        folder.mkdir(parents=True, exist_ok=True)

    def bill(self, kind: str, what: str) -> None:
        with (self.folder / "bill.txt").open("ab", buffering=0) as file:
            file.write(f"{kind} {what}\n".encode())

    def billed(self, kind: str) -> Counter[str]:
        path = self.folder / "bill.txt"
        lines = path.read_text().splitlines() if path.exists() else []
        return Counter(line.partition(" ")[2] for line in lines if line.startswith(kind + " "))

    def _make(self, kind: str, value: dict[str, Any]) -> dict[str, Any]:
        # Named by time first, so that lists come in order; written by its own hand, since kills are the client's.
        name = f"{kind}-{time.time_ns()}-{uuid.uuid4().hex[:6]}"
        part = self.folder / f".{name}"
        part.write_bytes(orjson.dumps({**value, "id": name}))
        part.rename(self.folder / f"{name}.json")
        self.bill(kind, name)
        return {**value, "id": name}

    def _get(self, name: str) -> dict[str, Any]:
        path = self.folder / f"{name}.json"
        if not path.exists():
            raise RequestRefusedError("no such thing", status=404)
        value: dict[str, Any] = orjson.loads(path.read_bytes())
        return value

    def _all(self, kind: str) -> list[dict[str, Any]]:
        return [orjson.loads(path.read_bytes()) for path in sorted(self.folder.glob(f"{kind}-*.json"), reverse=True)]

    # chat

    def complete(self, request: ChatRequest) -> ChatReply:
        question = orjson.loads(request.messages)[0]["content"]
        self.bill("answer", question)
        time.sleep(self._latency_s)
        return ChatReply(text=f"answer to {question}", finish_reason="stop")

    # files

    def upload_file(
        self, path: Path, *, filename: str, purpose: str = "fine-tune", on_bytes: OnBytes | None = None
    ) -> RemoteFile:
        assert on_bytes is not None
        return self._file(self._make("file", {"name": filename, "purpose": purpose, "text": path.read_text()}))

    def _file(self, value: Mapping[str, Any]) -> RemoteFile:
        return RemoteFile(id=value["id"], filename=value["name"], size_bytes=len(value["text"].encode()))

    def list_files(self, *, purpose: str = "fine-tune", after: str | None = None) -> Page[RemoteFile]:
        assert after is None
        return Page(entries=tuple(self._file(value) for value in self._all("file") if value["purpose"] == purpose))

    def retrieve_file(self, file_id: str) -> RemoteFile:
        return self._file(self._get(file_id))

    def download_file(self, file_id: str) -> bytes:
        text: str = self._get(file_id)["text"]
        return text.encode()

    def start_upload(self, filename: str, *, size_bytes: int, purpose: str) -> str:
        identity: str = self._make("upload", {"name": filename, "size": size_bytes, "purpose": purpose})["id"]
        return identity

    def upload_part(self, upload_id: str, part: FilePart, *, on_bytes: OnBytes | None = None) -> str:
        assert on_bytes is not None
        text = part.path.read_text()[part.offset : part.offset + part.length]
        self.bill("part-of", f"{upload_id} {part.index}")
        identity: str = self._make("part", {"upload": upload_id, "text": text})["id"]
        return identity

    def complete_upload(self, upload_id: str, *, part_ids: tuple[str, ...], md5: str) -> RemoteFile:
        assert md5
        upload, text = self._get(upload_id), "".join(self._get(name)["text"] for name in part_ids)
        (self.folder / f"{upload_id}.json").unlink()
        return self._file(self._make("file", {"name": upload["name"], "purpose": upload["purpose"], "text": text}))

    def cancel_upload(self, upload_id: str) -> None:
        (self.folder / f"{upload_id}.json").unlink(missing_ok=True)

    # jobs

    def create_job(self, spec: JobSpec) -> FineTuneJob:
        return self._job(self._make("job", {"model": spec.model, "metadata": dict(spec.metadata)}))

    def _job(self, value: Mapping[str, Any]) -> FineTuneJob:
        return FineTuneJob(id=value["id"], status="running", model=value["model"], metadata=value["metadata"])

    def retrieve_job(self, job_id: str) -> FineTuneJob:
        return self._job(self._get(job_id))

    def list_jobs(self, *, after: str | None = None) -> Page[FineTuneJob]:
        assert after is None
        return Page(entries=tuple(map(self._job, self._all("job"))))

    # batches

    def create_batch(self, input_file: str, *, metadata: Mapping[str, str]) -> Batch:
        results = []
        for line in self._get(input_file)["text"].splitlines():
            asked = json.loads(line)
            question = asked["body"]["messages"][0]["content"]
            self.bill("answer", question)
            body = {"choices": [{"message": {"content": f"answer to {question}"}, "finish_reason": "stop"}]}
            results.append({"custom_id": asked["custom_id"], "response": {"status_code": 200, "body": body}})
        text = "".join(json.dumps(result) + "\n" for result in results)
        output = self._make("output", {"name": "output", "purpose": "batch", "text": text})["id"]
        return self._batch(self._make("batch", {"output": output, "metadata": dict(metadata)}))

    def _batch(self, value: Mapping[str, Any]) -> Batch:
        given = {"output_file": value["output"], "metadata": value["metadata"]}
        return Batch(id=value["id"], status="completed", **given)

    def retrieve_batch(self, batch_id: str) -> Batch:
        return self._batch(self._get(batch_id))

    def list_batches(self, *, after: str | None = None) -> Page[Batch]:
        assert after is None
        return Page(entries=tuple(map(self._batch, self._all("batch"))))


class Builder:
    """The question as the only message."""

    def request_json(self, example: VQAExample) -> bytes:
        return orjson.dumps([{"role": "user", "content": example.question}])


def examples(count: int) -> list[VQAExample]:
    return [VQAExample(id=f"e{number}", image=b"x", question=f"q{number}") for number in range(count)]


def predict(folder: Path, *, count: int = 48, latency_s: float = 0.0, max_workers: int = WORKERS) -> None:
    service = FolderService(folder / "service", latency_s=latency_s)
    predictor = Predictor(service, Builder(), model="m", max_workers=max_workers, progress=False)
    found = predictor.predict(examples(count), journal=folder / "journal.jsonl")
    write_result(folder, [[prediction.example_id, prediction.answer] for prediction in found])


def predict_in(max_file_bytes: int, folder: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (max_file_bytes, max_file_bytes))
    predict(folder)


def batch(folder: Path) -> None:
    predictor = BatchPredictor(
        FolderService(folder / "service"),
        Builder(),
        settings=ChatSettings(model="m"),
        folder=folder / "batch",
        limits=ShardLimits(max_rows=5),
        retry=QUICK,
        progress=False,
    )
    write_result(folder, [[prediction.example_id, prediction.answer] for prediction in predictor.predict(examples(22))])


def tune(folder: Path) -> None:
    path = folder / "train.jsonl"
    path.write_text("a row\n" * 10)
    os.utime(path, ns=(1, 1))
    client = FineTuneClient(
        FolderService(folder / "service"),  # type: ignore[arg-type] # this service has no events or checkpoints
        ledger=folder / "ledger.jsonl",
        retry=QUICK,
        sizes=MultipartPolicy(above_bytes=10, part_bytes=8, max_workers=1),
        progress=False,
    )
    client.create(JobSpec(model="base", training_file=client.upload(path).id, suffix="x"))
    write_result(folder, ["done"])


def write_result(folder: Path, result: list[Any]) -> None:
    (folder / "result.json").write_text(json.dumps(result))


WORKS: dict[str, Callable[[Path], None]] = {"predict": predict, "batch": batch, "tune": tune}


def in_child(work: Callable[[], None], *, crash: str | None = None, kill_after_s: float | None = None) -> int:
    """Do work in a child; its exit code, negative where a signal ended it."""
    child = os.fork()
    if child == 0:
        try:
            number, _, place = (crash or "0:after").partition(":")
            with kill_at_write(int(number), place):  # type: ignore[arg-type] # a word of the command line
                work()
        except BaseException as error:  # noqa: BLE001 - the child must never return
            print(repr(error), file=sys.stderr)
            os._exit(STATE_ERROR if isinstance(error, StateError) else 1)
        os._exit(0)
    if kill_after_s is not None:
        time.sleep(kill_after_s)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def report(folder: Path, **facts: Any) -> None:
    """Print what the witness saw."""
    service = FolderService(folder / "service")
    answers = service.billed("answer")
    result = folder / "result.json"
    seen = {
        "result": hashlib.sha256(result.read_bytes()).hexdigest() if result.exists() else None,
        "asked": len(answers),
        "paid": sum(answers.values()),
        "jobs": sum(service.billed("job").values()),
        "files": len(list((folder / "service").glob("file-*.json"))),
        "batches": sum(service.billed("batch").values()),
        "parts": sum(service.billed("part-of").values()),
    }
    print(json.dumps({**facts, **seen}), flush=True)


def sweep(root: Path, places: Iterable[str]) -> None:
    for name, work in WORKS.items():
        calm = root / f"{name}-calm"
        calm.mkdir()
        report(calm, work=name, point="calm", code=in_child(partial(work, calm)))
        for place in places:
            for number in itertools.count(1):
                folder = root / f"{name}-{number}-{place}"
                folder.mkdir()
                if in_child(partial(work, folder), crash=f"{number}:{place}") == 0:
                    break  # there is no such write any more
                report(folder, work=name, point=f"{number}:{place}", code=in_child(partial(work, folder)))


def at_random(root: Path, kills: int) -> None:
    chance = random.Random(7)  # noqa: S311 - moments, not secrets
    for number in itertools.count():
        if kills <= 0:
            return
        folder = root / f"random-{number}"
        folder.mkdir()
        work = partial(predict, folder, count=500, latency_s=0.005, max_workers=16)
        here = 0
        while kills > 0 and in_child(work, kill_after_s=chance.uniform(0.0, 0.25)) == -signal.SIGKILL:
            kills, here = kills - 1, here + 1
        report(folder, work="random", point=str(here), kills=here, code=in_child(work))


def full(root: Path, sizes: Iterable[str]) -> None:
    for size in sizes:
        folder = root / f"full-{size}"
        folder.mkdir()
        report(folder, work="full", point="limited", code=in_child(partial(predict_in, int(size), folder)))
        report(folder, work="full", point=size, code=in_child(partial(predict, folder)))


if __name__ == "__main__":
    target = Path(sys.argv[2])
    match sys.argv[1]:
        case "sweep":
            sweep(target, sys.argv[3:])
        case "full":
            full(target, sys.argv[3:])
        case _:
            at_random(target, int(sys.argv[3]))
