"""Uploads to a Hub on this machine: real requests of `huggingface_hub` to a server that keeps the files."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.exchange.samples import examples
from vqaft.data import DatasetSplitter
from vqaft.errors import AuthenticationError, DataError, ExportError, RequestRefusedError, ServiceUnreachableError
from vqaft.exchange import DatasetCard, HuggingFace, push_to_hub

TOKEN = "hf_made_up"


class Hub(ThreadingHTTPServer):
    """The part of the Hub's API that an upload of small files uses."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.created: list[dict[str, Any]] = []
        self.commits: list[str] = []
        self.refuse: int | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def log_message(self, *_: object) -> None:
        pass

    def _send(self, value: Any, status: int = 200) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        if re.fullmatch(r"/api/datasets/name/receipts/tree/main.*", self.path):
            self._send([{"type": "file", "path": path, "oid": "0" * 40, "size": 1} for path in self.server.files])
        else:
            self._send({"id": "name/receipts", "sha": "0" * 40, "siblings": []})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Authorization") != f"Bearer {TOKEN}" or self.server.refuse:
            self._send({"error": "no"}, self.server.refuse or 401)
        elif self.path == "/api/repos/create":
            self.server.created.append(json.loads(body))
            self._send({"url": f"{self.server.address}/datasets/name/receipts", "id": "name/receipts"})
        elif self.path == "/api/validate-yaml":
            self._send({"errors": [], "warnings": []})
        elif "/preupload/" in self.path:
            files = [
                {"path": file["path"], "uploadMode": "regular", "shouldIgnore": False}
                for file in json.loads(body)["files"]
            ]
            self._send({"files": files})
        elif "/commit/" in self.path:
            self._commit(body)
        else:
            self._send({"error": self.path}, 404)

    def _commit(self, body: bytes) -> None:
        for line in body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "header":
                self.server.commits.append(value["summary"])
            elif entry["key"] == "file":
                self.server.files[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "deletedFile":
                del self.server.files[value["path"]]
        url = f"{self.server.address}/datasets/name/receipts/commit/{'1' * 40}"
        self._send({"success": True, "commitOid": "1" * 40, "commitUrl": url})


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    server = Hub()
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.address)  # what HF_ENDPOINT sets at the start
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)  # this hub is at home
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_dataset_is_uploaded_with_its_card_and_read_by_datasets(hub: Hub, tmp_path: Path) -> None:
    import datasets

    parts = DatasetSplitter(train=0.5, validation=0, test=0.5, near_duplicates=None).split(
        examples(tmp_path / "source")
    )
    card = DatasetCard(
        name="Receipts", license="cc-by-4.0", source="Shops in two towns.", split_report=str(parts.report)
    )
    hub.files["data/train-00007-of-00009.parquet"] = b"of an earlier upload"
    hub.files["notes.md"] = b"kept"
    url = push_to_hub(parts, "name/receipts", target=HuggingFace(card=card), token=TOKEN)
    assert url == f"{hub.address}/datasets/name/receipts/commit/{'1' * 40}"
    assert True in (hub.created[0].get("private"), hub.created[0].get("visibility") == "private")
    assert hub.commits == ["Upload 6 examples and 4 images with vqaft"]
    assert hub.files.keys() == {
        "README.md",
        "notes.md",
        "data/train-00000-of-00001.parquet",
        "data/test-00000-of-00001.parquet",
    }
    text = hub.files["README.md"].decode()
    assert text.startswith("---\nlicense: cc-by-4.0\n")
    assert "No image stands in two splits" in text
    assert "Shops in two towns." in text
    for path, content in hub.files.items():
        (tmp_path / "clone" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "clone" / path).write_bytes(content)
    datasets.disable_progress_bars()
    rows = datasets.load_dataset(str(tmp_path / "clone"), split="test", cache_dir=str(tmp_path / "cache"))
    datasets.enable_progress_bars()
    assert [row["id"] for row in rows] == [one.id for one in parts.test]
    assert [one.id for one in HuggingFace().read(tmp_path / "clone", split="train")] == [one.id for one in parts.train]


def test_a_shared_image_is_said_on_the_card(hub: Hub, tmp_path: Path) -> None:
    first, second, *_ = examples(tmp_path / "source")
    push_to_hub({"train": [first], "test": [second]}, "name/receipts", token=TOKEN)
    assert "**1 image stands in more than one split**" in hub.files["README.md"].decode()


def test_nothing_is_uploaded_where_an_example_is_refused(hub: Hub, tmp_path: Path) -> None:
    first, *_ = examples(tmp_path / "source")
    with pytest.raises(ExportError):
        push_to_hub([first, first], "name/receipts", token=TOKEN)
    assert not hub.created


def test_failures_of_the_hub_are_typed(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = examples(tmp_path / "source")[:1]
    with pytest.raises(AuthenticationError) as caught:
        push_to_hub(given, "name/receipts", token="hf_wrong")
    assert "hf_wrong" not in str(caught.value)
    hub.refuse = 422
    with pytest.raises(RequestRefusedError):
        push_to_hub(given, "name/receipts", token=TOKEN)
    with pytest.raises(DataError, match="not the name"):
        push_to_hub(given, "name/receipts/more", token=TOKEN)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ServiceUnreachableError):
        push_to_hub(given, "name/receipts", token=TOKEN)
