"""Each fault at each route: what must hold, with the server's billing journal as the only witness.

Without VQAFT_LONG_TESTS=1 the rows of routes that cost nothing are a third.

The first request at the route meets the fault, those after it do not. A client then succeeds as if nothing had been,
or say exactly what is wrong; it must never make a second job, batch or file, and never hang.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI, OpenAIError

from vqaft.errors import AuthenticationError, QuotaError, RequestRefusedError, ServiceError, VqaftError
from vqaft.inference import Prediction, Predictions
from vqaft.service import RemoteFile
from vqaft.testing import FAULTS, FaultyServer, Planned, QuickEngine
from vqaft.tuning import FineTuneJob


def load_rig() -> Any:
    path = Path(__file__).with_name("client_rig.py")
    spec = importlib.util.spec_from_file_location("client_rig", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["client_rig"] = module
    spec.loader.exec_module(module)
    return module


RIG = load_rig()
ROUTES = RIG.ROUTES
KINDS: dict[str, type[VqaftError]] = {
    "429-quota": QuotaError,
    "401": AuthenticationError,
    "403": AuthenticationError,
    "400": RequestRefusedError,
    "404": RequestRefusedError,
    "413": RequestRefusedError,
    "422": RequestRefusedError,
    "redirect": RequestRefusedError,
}
REFUSALS = frozenset({"400", "404", "413", "422", "redirect"})
TOLERANT = frozenset({"file-retrieve", "file-list", "job-events", "model-retrieve"})
"""Where a refusal answers what was asked, or the answer can be done without."""

ODD_WISHES = frozenset({"429-milliseconds", "429-nan", "429-negative", "429-past-date", "429-nonsense"})
"""Headers that are read in one place: two routes tell as much as all."""


def belongs(fault: str, route: str) -> bool:
    """Whether a fault can happen at a route, and shows something there that it does not show elsewhere."""
    if fault.startswith("events-"):
        return bool(ROUTES[route].is_list)
    return fault not in ODD_WISHES or route in {"chat", "job-create"}


PAID = frozenset({"chat", "file-create", "job-create", "batch-create"})
"""Routes where a request that is sent again can cost money: they meet every fault in the short form, too."""

TABLE = [(fault, route) for route in ROUTES for fault in FAULTS if belongs(fault, route)]
SHORT = [row for place, row in enumerate(TABLE) if row[1] in PAID or place % 3 == 0]
"""Without VQAFT_LONG_TESTS=1: of other routes every third row."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """The server of all rows and a job that succeeded on it."""

    server: FaultyServer
    sdk: OpenAI
    done: str


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("server")
    engines = {"quick": QuickEngine(), "slow": QuickEngine(epoch_s=600.0)}
    with FaultyServer(folder / "state", engines=engines) as server:
        sdk = OpenAI(base_url=server.base_url, api_key=server.api_key, timeout=20.0)
        rig = RIG.Rig(sdk, folder, done="")
        client = rig.client()
        done = client.wait(client.create(rig.spec(RIG.uploaded(rig))).id, progress=False)
        # One training at a time: behind this one, the jobs of the rows wait and cost nothing.
        client.create(RIG.JobSpec(model="slow", training_file=done.training_file))
        yield Stage(server=server, sdk=sdk, done=done.id)


def succeeds(fault: str, route: str) -> bool:
    """Whether the deed must come to its end as if there had been no fault."""
    if fault not in KINDS or route == "upload-cancel":
        return True  # an orphan that cannot be cancelled is left to its hour
    if fault == "redirect" and ROUTES[route].method == "GET":
        return True  # a GET may follow, finds nobody, and asks again
    if fault == "404" and route in {"job-retrieve", "batch-retrieve", "batch-output"}:
        return True  # "no such thing" is checked against the list, or believed when it is said twice
    if fault == "404" and route == "file-content":
        return True  # without its result file, a job's numbers are read from its events
    return fault in REFUSALS and route in TOLERANT


@pytest.mark.parametrize(("fault", "route"), TABLE if os.environ.get("VQAFT_LONG_TESTS") == "1" else SHORT)
def test_a_fault_is_survived_or_told_and_nothing_is_paid_twice(
    stage: Stage, tmp_path: Path, fault: str, route: str
) -> None:
    where, planned = ROUTES[route], FAULTS[fault]
    sdk = stage.sdk.with_options(timeout=0.15) if planned.delay_s else stage.sdk
    # A client that gives up sooner than the server works must wait for what the server still does.
    rig = RIG.Rig(sdk, tmp_path, done=stage.done, consistency_delay_s=0.3 if planned.delay_s else 0.002)
    stage.server.reset()
    prepared = where.prepare(rig)
    stage.server.reset()
    stage.server.plan([Planned(fault=planned, method=where.method, path=where.path, nth=[1])])
    outcome = attempt(where, rig, prepared)
    time.sleep(planned.delay_s)  # what the server still does belongs to this row's bill
    assert stage.server.injected == 1, "the fault was not met"
    judge_outcome(fault, route, outcome)
    judge_bill(stage, fault, route)


def attempt(where: Any, rig: Any, prepared: Any) -> Any:
    try:
        return where.act(rig, prepared)
    except VqaftError as error:
        return error


def judge_outcome(fault: str, route: str, outcome: Any) -> None:
    if succeeds(fault, route):
        assert not isinstance(outcome, VqaftError), outcome
        judge_value(route, outcome)
    elif route == "chat" and fault in REFUSALS:
        assert [failure_kind(prediction) for prediction in outcome] == ["rejected", None, None]
    else:
        assert type(outcome) is KINDS[fault], outcome
        assert isinstance(outcome, ServiceError)
        assert "test-key-of-the-server" not in str(outcome)


def failure_kind(prediction: Prediction) -> str | None:
    return prediction.failure.kind if prediction.failure else None


def judge_value(route: str, value: Any) -> None:
    """The deed's result is whole, whatever the route went through."""
    if isinstance(value, Predictions):
        assert [prediction.answer for prediction in value] == ["ok"] * 3
    elif isinstance(value, RemoteFile | FineTuneJob):
        assert value.id
    elif route == "job-events":
        ids = [event.id for event in value]
        assert len(ids) == len(set(ids)) >= 1 or not ids
    else:
        assert len(value) >= 1


def judge_bill(stage: Stage, fault: str, route: str) -> None:
    """What the server did is what was asked for, once; only an answer that was lost can be paid for twice."""
    bill, planned, makes = stage.server.journal, FAULTS[fault], ROUTES[route].makes
    lost = 1 if planned.phase == "after" or planned.delay_s else 0
    for work in ("job", "batch", "file", "upload-completed"):
        assert bill.count(work) <= (1 if work in makes else 0), work
    assert bill.count("upload") <= (1 + lost if "upload" in makes else 0)
    assert bill.count("completion") <= (3 + lost if "completion" in makes else 0)
    assert max(bill.repeated("completion"), bill.repeated("part")) <= lost


def test_the_table_is_as_large_as_promised_and_its_short_form_leaves_nothing_out() -> None:
    assert len(TABLE) >= 400
    assert {fault for fault, _ in SHORT} == {fault for fault, _ in TABLE}
    assert {route for _, route in SHORT} == set(ROUTES)
    assert min(Counter(fault for fault, _ in SHORT if not fault.startswith("events-")).values()) >= 2
    assert min(Counter(route for _, route in SHORT).values()) >= 9


def test_a_bare_sdk_loop_fails_the_same_test(stage: Stage, tmp_path: Path) -> None:
    """The negative control: the SDK as it comes makes three jobs of one whose answer is lost."""
    rig = RIG.Rig(stage.sdk, tmp_path, done=stage.done)
    file = RIG.uploaded(rig)
    stage.server.reset()
    lost = Planned(fault=FAULTS["lost-answer"], method="POST", path="/fine_tuning/jobs", nth=[1, 2])
    stage.server.plan([lost])
    sdk = stage.sdk
    sdk.fine_tuning.jobs.create(model="quick", training_file=file)
    assert stage.server.journal.count("job") == 3
    stage.server.plan([Planned(fault=FAULTS["200-cut-json"], path="/chat/completions", nth=[1])])
    with pytest.raises((ValueError, OpenAIError)):
        sdk.chat.completions.create(model="fixed", messages=[{"role": "user", "content": "q"}])
