"""A server that runs for all tests of the street, and small real data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import OpenAI

import vqaft
from vqaft.data import Split
from vqaft.server import LocalServer


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    with LocalServer(folder=tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def client(server: LocalServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=server.base_url, api_key=server.api_key) as made:
        yield made


@pytest.fixture
def backend(client: OpenAI) -> vqaft.OpenAIBackend:
    return vqaft.OpenAIBackend(client)


@pytest.fixture(scope="session")
def split() -> Split:
    return vqaft.DatasetSplitter(train=60, validation=10, test=30, seed=5).split(vqaft.load_easy_vqa("test"))


@pytest.fixture
def builder() -> vqaft.MessageBuilder:
    return vqaft.MessageBuilder(system="Answer in one word.")


@pytest.fixture
def train_file(tmp_path: Path, split: Split, builder: vqaft.MessageBuilder) -> Path:
    path = tmp_path / "train.jsonl"
    vqaft.write_jsonl(path, map(builder.record, split.train))
    return path
