"""kill -9 at every durable write and at random moments, and full disks: only answers in flight are paid again.

The whole sweep and 100 random kills run with VQAFT_LONG_TESTS=1; otherwise a part of each.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LONG = os.environ.get("VQAFT_LONG_TESTS") == "1"
WORKERS = {"predict": 4, "random": 16}

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills need fork")


def run(*arguments: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.faults.client_kills", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900, cwd=ROOT)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_kill_in_any_durable_write_costs_only_what_was_in_flight(tmp_path: Path) -> None:
    rows = run("sweep", str(tmp_path), *(("before", "torn", "after") if LONG else ("torn",)))
    calm = {row["work"]: row for row in rows if row["point"] == "calm"}
    killed = [row for row in rows if row["point"] != "calm"]
    counts = Counter(row["work"] for row in killed)
    assert counts["predict"] >= 12
    assert counts["tune"] >= 12
    assert counts["batch"] >= 24
    for row in killed:
        quiet = calm[row["work"]]
        assert quiet["code"] == 0
        assert row["code"] == 0, row
        assert row["result"] == quiet["result"] is not None, row
        assert (row["jobs"], row["batches"]) == (quiet["jobs"], quiet["batches"]), row
        assert row["paid"] <= quiet["paid"] + WORKERS.get(row["work"], 0), row
        assert row["parts"] <= quiet["parts"] + 1, row
        if row["work"] == "tune":
            assert (row["files"], row["jobs"]) == (1, 1), row


def test_kills_at_random_moments_cost_only_what_was_in_flight(tmp_path: Path) -> None:
    rows = run("random", str(tmp_path), "100" if LONG else "20")
    assert sum(row["kills"] for row in rows) >= (100 if LONG else 20)
    assert len({row["result"] for row in rows}) == 1
    for row in rows:
        assert (row["code"], row["asked"]) == (0, 500), row
        assert row["paid"] <= 500 + row["kills"] * WORKERS["random"], row


def test_a_disk_that_fills_costs_only_what_was_in_flight(tmp_path: Path) -> None:
    rows = run("full", str(tmp_path), "700", "2000", "4000", "6000")
    limited, again = rows[::2], rows[1::2]
    assert [row["code"] for row in limited] == [3] * 4  # a StateError
    assert sorted({row["paid"] for row in limited}) == [row["paid"] for row in limited]
    assert len({row["result"] for row in again}) == 1
    for row in again:
        assert (row["code"], row["asked"]) == (0, 48), row
        assert row["paid"] <= 48 + WORKERS["predict"], row
