"""kill -9 of the client over real HTTP; service_kills.py is the long form, with 300 kills and a table."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills need fork")


def test_a_service_that_goes_on_after_a_kill_makes_nothing_twice() -> None:
    code = (
        "import json\n"
        "from tests.faults import service_kills as kills\n"
        "rows = kills.sweep(20, 3, create_s=(0.06, 0.3))\n"
        "print(json.dumps([[row.work, row.kills, row.holds, vars(row)] for row in rows]))\n"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=ROOT)  # noqa: S603
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert sum(kills for _, kills, _, _ in rows) >= 20
    assert {work for work, _, _, _ in rows} == {"predict", "batch", "tune"}
    assert [facts for _, _, holds, facts in rows if not holds] == []
