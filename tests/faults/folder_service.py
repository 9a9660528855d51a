"""A service whose memory is a folder: the only witness of what killed clients asked for."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from vqaft.errors import RequestRefusedError
from vqaft.inference import Batch, ChatReply, ChatRequest
from vqaft.service import FilePart, OnBytes, Page, RemoteFile
from vqaft.tuning import FineTuneJob, JobSpec


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
