"""A model's answers are kept with their data."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from vqaft.chat import read_jsonl
from vqaft.data import VQAExample
from vqaft.errors import DataError
from vqaft.inference import ChatReply, Predictions, distill
from vqaft.records import MessageBuilder


@pytest.fixture
def examples() -> list[VQAExample]:
    file = io.BytesIO()
    Image.new("RGB", (32, 32), "red").save(file, "PNG")
    return [VQAExample(id=f"e{n}", image=file.getvalue(), question=f"q{n}", answers=("old",)) for n in range(12)]


class Service:
    def __init__(self, reply: ChatReply | None = None) -> None:
        self.count = 0
        self._reply = reply or ChatReply(text="new", finish_reason="stop")

    def complete(self, _request: Any) -> ChatReply:
        self.count += 1
        return self._reply if self.count != 5 else ChatReply(text="")


def test_answers_become_a_training_file(examples: list[VQAExample], tmp_path: Path) -> None:
    service = Service()
    for _ in range(2):
        saved = distill(service, MessageBuilder(), examples, model="ft:old", folder=tmp_path, progress=False)
    assert service.count == 12
    assert Predictions.read(tmp_path / "answers.jsonl") == saved.predictions
    answers = [json.loads(record.to_json())["messages"][-1]["content"] for record in read_jsonl(saved.distillation)]
    assert answers == [[{"type": "text", "text": "new"}]] * 11
    about = json.loads((tmp_path / "about.json").read_bytes())
    assert (about["examples"], about["answered"], about["settings"]["model"]) == (12, 11, "ft:old")


def test_a_model_that_says_nothing_is_an_error(examples: list[VQAExample], tmp_path: Path) -> None:
    silent = Service(ChatReply(text="", finish_reason="stop"))
    with pytest.raises(DataError, match="answered none of 12"):
        distill(silent, MessageBuilder(), examples, model="ft:old", folder=tmp_path, progress=False)
