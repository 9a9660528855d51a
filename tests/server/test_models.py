"""Models go whole: from the list, from memory and from the disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import openai
import pytest
from openai import OpenAI

from vqaft.engines import ChatModel
from vqaft.server import State
from vqaft.server.models import ModelCache
from vqaft.server.store.documents import Document
from vqaft.testing import FixedAnswer, QuickEngine, ThreadServer


@pytest.fixture
def own(tmp_path: Path, make_server: Callable[[Path], ThreadServer]) -> Iterator[OpenAI]:
    with (
        make_server(tmp_path) as server,
        OpenAI(base_url=server.base_url, api_key=server.api_key, max_retries=0) as client,
    ):
        yield client


def trained(client: OpenAI, rows: bytes) -> list[str]:
    """Train a model; give its name and those of its checkpoints, the newest first."""
    file = client.files.create(file=("rows.jsonl", rows), purpose="fine-tune").id
    job = client.fine_tuning.jobs.create(model="quick", training_file=file).id
    for _ in range(500):
        document = client.fine_tuning.jobs.retrieve(job)
        if document.fine_tuned_model:
            break
        time.sleep(0.02)
    checkpoints = client.fine_tuning.jobs.checkpoints.list(job)
    return [str(document.fine_tuned_model), *(each.fine_tuned_model_checkpoint for each in checkpoints)]


def answers(client: OpenAI, name: str) -> bool:
    try:
        client.chat.completions.create(model=name, messages=[{"role": "user", "content": "What?"}])
    except openai.NotFoundError:
        return False
    return True


def test_a_deleted_model_leaves_the_disk_and_its_checkpoints_stay(own: OpenAI, rows: bytes, tmp_path: Path) -> None:
    name, *checkpoints = trained(own, rows)
    assert checkpoints
    assert all(answers(own, each) for each in (name, *checkpoints))
    before = sum(path.is_file() for path in (tmp_path / "models").rglob("*"))
    own.models.delete(name)
    assert not answers(own, name)
    assert all(answers(own, each) for each in checkpoints)
    assert 0 < sum(path.is_file() for path in (tmp_path / "models").rglob("*")) < before
    for each in checkpoints:
        own.models.delete(each)
        assert not answers(own, each)
    assert not list((tmp_path / "models").iterdir())


def test_a_model_made_anew_is_loaded_anew(tmp_path: Path) -> None:
    loaded: list[Path | None] = []

    class Loading(QuickEngine):
        def load(self, folder: Path | None) -> ChatModel:
            loaded.append(folder)
            return FixedAnswer("a")

    def document(version: str) -> Document:
        return {"id": "m", "_engine": "quick", "_folder": "job", "_version": version}

    state = State(tmp_path)
    shelf = ModelCache(state, engines={"quick": Loading()}, judges={})
    state.documents.insert("model", document("1"))
    shelf.model("m")
    shelf.model("m")
    assert len(loaded) == 1
    state.documents.change("model", "m", lambda _: document("2"))
    shelf.model("m")
    assert len(loaded) == 2
    state.close()


def test_the_names_of_models_may_have_slashes(tmp_path: Path, rows: bytes) -> None:
    with (
        ThreadServer(tmp_path, engines={"hub/a model/v1.0": QuickEngine()}) as server,
        OpenAI(base_url=server.base_url, api_key=server.api_key, max_retries=0) as client,
    ):
        file = client.files.create(file=("rows.jsonl", rows), purpose="fine-tune").id
        job = client.fine_tuning.jobs.create(model="hub/a model/v1.0", training_file=file, suffix="a/b").id
        end = time.monotonic() + 30
        while (tuned := client.fine_tuning.jobs.retrieve(job).fine_tuned_model) is None and time.monotonic() < end:
            time.sleep(0.02)
        for name in ("hub/a model/v1.0", str(tuned)):
            assert client.models.retrieve(name).id == name
            assert answers(client, name)
            raw = httpx.get(f"{server.base_url}/models/{name}", headers={"Authorization": f"Bearer {server.api_key}"})
            assert raw.json()["id"] == name
        assert client.models.delete(str(tuned)).deleted
        assert not answers(client, str(tuned))
