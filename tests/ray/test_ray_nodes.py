"""A node that dies while images are hashed, shards written and questions asked on it changes no result."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = Path(__file__).with_name("cluster_nodes.py")


def without_network() -> bool:
    """Return whether processes can be started in a network namespace of their own."""
    unshare = shutil.which("unshare")
    command = [str(unshare), "-n", "true"]
    return unshare is not None and not subprocess.run(command, capture_output=True, check=False).returncode  # noqa: S603


pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra ray"),
    pytest.mark.skipif(not without_network(), reason="needs unshare -n: Ray opens ports on the machine's own address"),
]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    variables = {
        "PYTHONPATH": f"{ROOT}{os.pathsep}{SCRIPT.parent}",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_agent_register_timeout_ms": "300000",  # else a busy machine has 30 s to start a node
        "VQAFT_TEST_WORK": str(tmp_path_factory.mktemp("nodes")),
    }
    run = subprocess.run(  # noqa: S603 - our own script
        ["unshare", "-n", sys.executable, SCRIPT],  # noqa: S607
        env={**os.environ, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-4_000:]
    values: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return values


def test_a_node_died_with_a_task_of_each_kind_on_it(found: dict[str, Any]) -> None:
    assert found["held_up"] == ["hash", "shards", "predict"]
    assert found["nodes"] == [False, True, True]


def test_hashes_and_split_are_those_of_one_machine(found: dict[str, Any]) -> None:
    assert found["table"]
    assert found["split"]


def test_shards_have_the_bytes_of_one_file_with_any_number_of_workers(found: dict[str, Any]) -> None:
    assert found["same_bytes"]  # of five workers on two nodes, one of which died
    assert found["shards"] == ["train-00001.jsonl", "train-00002.jsonl", "train-00003.jsonl"]
    assert found["one_worker"]


def test_a_second_run_writes_nothing(found: dict[str, Any]) -> None:
    assert found["rewritten"] == 0


def test_every_question_is_answered_and_paid_once(found: dict[str, Any]) -> None:
    assert found["answered"] == 120
    assert found["ids"]
    assert found["asked"] == 120
    assert found["paid_twice"] <= 8  # requests that were in flight on the node when it died
