"""Scripts on a local Ray, run in a network namespace: Ray opens ports on the machine's own address."""

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


def _without_network() -> bool:
    """Return whether processes can be started in a network namespace of their own."""
    unshare = shutil.which("unshare")
    command = [str(unshare), "-n", "true"]
    return unshare is not None and not subprocess.run(command, capture_output=True, check=False).returncode  # noqa: S603


NEEDS_RAY = [
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs the extra ray"),
    pytest.mark.skipif(not _without_network(), reason="needs unshare -n: Ray opens ports on the machine's own address"),
]


def run_isolated(script: Path, *arguments: Path, **variables: str) -> dict[str, Any]:
    """Run a script of this folder without a network; return what its last line says, which is JSON.

    Args:
        script: The script.
        arguments: Its arguments.
        variables: Added to its environment.
    """
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{script.parent}",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_agent_register_timeout_ms": "300000",  # else a busy machine has 30 s to start a node
        **variables,
    }
    run = subprocess.run(  # noqa: S603 - our own script
        ["unshare", "-n", sys.executable, script, *arguments],  # noqa: S607
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr[-4_000:]
    values: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return values
