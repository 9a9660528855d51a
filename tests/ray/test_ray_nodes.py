"""A node that dies while images are hashed, shards written and questions asked on it changes no result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ray.isolated import NEEDS_RAY, run_isolated

SCRIPT = Path(__file__).with_name("cluster_nodes.py")

pytestmark = NEEDS_RAY


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_isolated(SCRIPT, VQAFT_TEST_WORK=str(tmp_path_factory.mktemp("nodes")))


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
