"""Two processes on one log: one wins every time, and no line is torn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vqaft.durable import AppendLog

RACES = 200

# Forks both racers of every race, so that they start at the same moment and cost milliseconds.
CHILD = """
import json, os, sys
from pathlib import Path
from vqaft.durable import AppendLog
from vqaft.errors import StateError

def race(path, start, hold):
    os.read(start, 1)  # ends when the parent closes the other end: now
    try:
        log = AppendLog(path, kind="log", exclusive=True)
    except StateError:
        os._exit(3)
    for number in range(3):
        log.append({"pid": os.getpid(), "number": number})
    os.read(hold, 1)
    os._exit(0)

outcomes = []
for number in range(int(sys.argv[2])):
    start, go = os.pipe()
    hold, end = os.pipe()
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            os.close(go), os.close(end)
            race(Path(sys.argv[1]), start, hold)
        children.append(child)
    os.close(go)
    codes = [os.waitstatus_to_exitcode(os.waitpid(-1, 0)[1])]  # the winner waits, so this is the loser
    os.close(end)
    codes.append(os.waitstatus_to_exitcode(os.waitpid(-1, 0)[1]))
    os.close(start), os.close(hold)
    outcomes.append(codes)
print(json.dumps(outcomes))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="races need fork")
def test_of_two_that_race_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    command = [sys.executable, "-c", CHILD, str(path), str(RACES)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)  # noqa: S603
    assert json.loads(done.stdout) == [[3, 0]] * RACES
    entries = list(AppendLog(path, kind="log").entries())  # a damaged line would be a warning, and so an error
    assert [entry["number"] for entry in entries] == [0, 1, 2] * RACES
    assert len({entry["pid"] for entry in entries}) == RACES
