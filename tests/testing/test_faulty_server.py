"""The server fails as it was told to, and its journal says what was done all the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest
from openai import OpenAI

from vqaft.testing import FAULTS, Fault, FaultyServer, Planned, rate_limit

QUESTION = {"model": "fixed", "messages": [{"role": "user", "content": "What?"}]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyServer]:
    with FaultyServer(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture
def http(server: FaultyServer) -> Iterator[httpx.Client]:
    server.reset()
    headers = {"Authorization": f"Bearer {server.api_key}"}
    with httpx.Client(base_url=server.base_url, headers=headers, timeout=10) as client:
        yield client


def ask(http: httpx.Client) -> httpx.Response:
    return http.post("/chat/completions", json=QUESTION)


def test_without_a_plan_it_is_the_server(server: FaultyServer, http: httpx.Client) -> None:
    assert ask(http).json()["choices"][0]["message"]["content"] == "ok"
    assert server.journal.count("completion") == 1
    assert server.injected == 0


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_can_be_seen(server: FaultyServer, http: httpx.Client, name: str) -> None:
    fault = FAULTS[name]
    path = "/models" if name.startswith("events") else "/chat/completions"
    server.plan([Planned(fault=fault, path=path)])
    good = {"status_code": 200}
    start = time.monotonic()
    try:
        answer = http.get("/models") if name.startswith("events") else ask(http)
    except httpx.TransportError:
        assert fault.cut is not None
    else:
        assert fault.cut is None
        assert answer.status_code == (fault.status or 200)
        seen = {"status_code": answer.status_code}
        assert seen != good or fault.raw is not None or fault.rewrite is not None or fault.delay_s
    assert time.monotonic() - start >= fault.delay_s
    assert server.injected == 1


@pytest.mark.parametrize(
    ("name", "done"),
    [("500", 0), ("cut-before", 0), ("lost-answer", 1), ("lost-answer-500", 1), ("200-html", 1), ("slow", 1)],
)
def test_the_journal_knows_what_was_done(server: FaultyServer, http: httpx.Client, name: str, done: int) -> None:
    server.plan([Planned(fault=FAULTS[name], path="/chat")])
    try:
        ask(http)
    except httpx.TransportError:
        assert FAULTS[name].cut == "before"
    assert server.journal.count("completion") == done


def test_only_the_requests_that_are_named(server: FaultyServer, http: httpx.Client) -> None:
    server.plan([Planned(fault=FAULTS["500"], method="POST", path="/chat", nth=[2, 4])])
    assert [ask(http).status_code for _ in range(5)] == [200, 500, 200, 500, 200]
    assert server.injected == 2
    assert server.journal.repeated("completion") == 2


def test_a_share_of_the_requests_the_same_each_time(server: FaultyServer, http: httpx.Client) -> None:
    runs = []
    for _ in range(2):
        server.plan([Planned(fault=FAULTS["500"], path="/chat", share=0.4)])
        runs.append([ask(http).status_code for _ in range(50)])
    assert runs[0] == runs[1]
    assert 8 < runs[0].count(500) < 32


def test_the_first_entry_that_fits_decides(server: FaultyServer, http: httpx.Client) -> None:
    server.plan([Planned(fault=rate_limit("3"), path="/chat", nth=[1]), Planned(fault=Fault(status=418), path="/chat")])
    first, second = ask(http), ask(http)
    assert (first.status_code, first.headers["retry-after"]) == (429, "3")
    assert second.status_code == 418


def test_a_bare_client_pays_three_times_for_one_job(server: FaultyServer, http: httpx.Client) -> None:
    """The reason why vqaft creates jobs with the SDK's retries off: one lost answer, three jobs."""
    row = b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'
    with OpenAI(base_url=server.base_url, api_key=server.api_key) as client:
        file = client.files.create(file=("a.jsonl", row * 10), purpose="fine-tune")
        server.plan([Planned(fault=FAULTS["lost-answer"], method="POST", path="/fine_tuning/jobs")])
        with pytest.raises(openai.APIConnectionError):
            client.fine_tuning.jobs.create(model="quick", training_file=file.id)
    assert server.journal.count("job") == 3
    assert server.journal.repeated("job") == 2


def test_a_plan_may_be_made_before_the_start(tmp_path: Path) -> None:
    server = FaultyServer(tmp_path / "state")
    server.plan([Planned(fault=FAULTS["500"], nth=[1])])
    assert server.injected == 0
    for _ in range(2):  # every start begins the plan anew
        with server, httpx.Client(base_url=server.base_url) as client:
            assert [client.get("/models").status_code for _ in range(2)] == [500, 401]
            assert server.injected == 1
