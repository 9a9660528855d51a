"""A server in this process with an engine that learns in no time, and the official SDK as its client."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from openai import OpenAI
from PIL import Image

from vqaft.images import ImageEncoder
from vqaft.testing import FixedAnswer, QuickEngine, ThreadServer


@pytest.fixture(scope="session")
def make_server() -> Callable[[Path], ThreadServer]:
    engines = {"quick": QuickEngine(), "slow": QuickEngine(epoch_s=0.2), "dying": QuickEngine(dies=True)}
    judges = {"judge": FixedAnswer('{"rating": "a"}')}
    return lambda folder: ThreadServer(folder, engines=engines, judges=judges)


@pytest.fixture(scope="session")
def running(
    tmp_path_factory: pytest.TempPathFactory, make_server: Callable[[Path], ThreadServer]
) -> Iterator[ThreadServer]:
    with make_server(tmp_path_factory.mktemp("state")) as server:
        yield server


@pytest.fixture
def client(running: ThreadServer) -> Iterator[OpenAI]:
    with OpenAI(
        base_url=running.base_url, api_key=running.api_key, max_retries=0, _strict_response_validation=True
    ) as made:
        yield made


@pytest.fixture(scope="session")
def image_url() -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(buffer, "PNG")
    return ImageEncoder().encode(buffer.getvalue()).data_url


@pytest.fixture(scope="session")
def rows(image_url: str) -> bytes:
    """Twelve good rows, one of them with another answer."""
    parts = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": image_url}}]
    lines = [
        {"messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": answer}]}
        for answer in ["red"] * 11 + ["blue"]
    ]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)
