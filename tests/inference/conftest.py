"""A model in memory that answers as it is told, and examples to ask it about."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

import orjson
import pytest

from vqaft.data import VQAExample
from vqaft.errors import ImageError, ServiceError
from vqaft.inference import ChatReply, ChatRequest
from vqaft.service import RetryPolicy


class Builder:
    """The question as the only message; an image called "broken" cannot be sent."""

    def request_json(self, example: VQAExample) -> bytes:
        if example.image == b"broken":
            raise ImageError("unreadable", example_id=example.id)
        return orjson.dumps([{"role": "user", "content": example.question}])


class Model:
    """Gives what `answer` gives for a question and the number of times it was asked; counts every request."""

    def __init__(self, answer: Callable[[str, int], ChatReply | ServiceError | str] | None = None) -> None:
        self._answer = answer or (lambda question, _: f"answer to {question}")
        self._lock = threading.Lock()
        self.asked: Counter[str] = Counter()
        self.models: list[str] = []
        self.requests: list[ChatRequest] = []
        self.under_way = 0
        self.most_under_way = 0
        self.delay_s = 0.0

    def complete(self, request: ChatRequest) -> ChatReply:
        question = orjson.loads(request.messages)[0]["content"]
        with self._lock:
            self.asked[question] += 1
            count = self.asked[question]
            self.models.append(request.model)
            self.requests.append(request)
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            time.sleep(self.delay_s)
            given = self._answer(question, count)
        finally:
            with self._lock:
                self.under_way -= 1
        if isinstance(given, ServiceError):
            raise given
        return given if isinstance(given, ChatReply) else ChatReply(text=given, finish_reason="stop")


@pytest.fixture
def builder() -> Builder:
    return Builder()


@pytest.fixture
def model() -> type[Model]:
    return Model


@pytest.fixture
def examples() -> list[VQAExample]:
    return [VQAExample(id=f"e{number}", image=b"x", question=f"q{number}") for number in range(40)]


@pytest.fixture
def quick() -> RetryPolicy:
    return RetryPolicy(first_wait_s=0.001, max_wait_s=0.002)
