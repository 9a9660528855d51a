"""Many calls while a third of all answers fails: every one is answered, once; and a key is nowhere to be found."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from openai import OpenAI

from tests.faults.killed_work import Builder
from vqaft.backends import OpenAIBackend
from vqaft.data import VQAExample
from vqaft.inference import Predictor, RateLimitedBackend
from vqaft.service import RetryPolicy
from vqaft.testing import FAULTS, FaultyServer, Planned

MENDABLE = ("429-soon", "500", "502", "503-overloaded", "cut-before", "cut-middle", "lost-answer", "200-cut-json")
SHARE = 0.35
CALLS = 400


def storm() -> list[Planned]:
    """A plan by which the given share of all requests fails, each in one of the ways."""
    left, plan = 1.0, []
    for name in MENDABLE:
        share = SHARE / len(MENDABLE)
        plan.append(Planned(fault=FAULTS[name], path="/chat/completions", share=share / left))
        left -= share
    return plan


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FaultyServer]:
    with FaultyServer(tmp_path / "state", seed=5) as faulty:
        yield faulty


def test_all_are_answered_while_a_third_fails(server: FaultyServer, tmp_path: Path) -> None:
    server.plan(storm())
    backend = OpenAIBackend(OpenAI(base_url=server.base_url, api_key=server.api_key))
    patient = RateLimitedBackend(backend, max_concurrency=16, retry=RetryPolicy(first_wait_s=0.005, max_wait_s=0.05))
    examples = [VQAExample(id=str(number), image=b"x", question=f"q{number}") for number in range(CALLS)]
    predictor = Predictor(patient, Builder(), model="fixed", max_workers=16, progress=False)
    found = predictor.predict(examples, journal=tmp_path / "journal.jsonl")
    assert [prediction.answer for prediction in found] == ["ok"] * CALLS
    assert server.injected > 0.2 * CALLS
    lost = server.journal.repeated("completion")
    assert server.journal.count("completion") == CALLS + lost
    assert lost < server.injected / 2
    for path in tmp_path.glob("*.jsonl"):
        content = path.read_bytes()
        for spelling in (server.api_key, quote(server.api_key), base64.b64encode(server.api_key.encode()).decode()):
            assert spelling.encode() not in content
