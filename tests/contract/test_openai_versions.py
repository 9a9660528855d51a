"""The client with the oldest `openai` that is allowed: the whole way, and the adapter's tests.

All other tests run with the installed version. OPENAI_VERSIONS=2.0.0,2.54.0 tries further ones.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.tools import installed

ROOT = Path(__file__).resolve().parents[2]
WHOLE_WAY = Path(__file__).with_name("whole_way.py")
OLDEST = "2.0.0"  # what pyproject.toml allows
VERSIONS = os.environ.get("OPENAI_VERSIONS", OLDEST).split(",")

# What openai 2 needs and 3 does not bring; the rest is there already.
BESIDE = ("distro==1.9.0", "sniffio==1.3.1")
PIP = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--retries", "1", "--disable-pip-version-check")


def run(*arguments: str, version: str, folder: Path) -> str:
    """Run python with that version of `openai`; return what it printed."""
    overlay = installed(f"openai-{version}", (*PIP, f"openai=={version}", *BESIDE, "--target"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(overlay), str(ROOT)])}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)  # noqa: S603
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.mark.parametrize("version", VERSIONS)
def test_the_whole_way(version: str, tmp_path: Path) -> None:
    found = json.loads(run("-W", "error", str(WHOLE_WAY), str(tmp_path), version=version, folder=tmp_path))
    assert found.pop("openai") == version
    assert found.pop("chat") == found.pop("batch")
    assert found.pop("parts") > 1
    assert found == {"events": True, "checkpoints": 2, "steps": 2}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_adapter(version: str, tmp_path: Path) -> None:
    tests = ROOT / "tests" / "backends" / "test_openai_backend.py"
    printed = run("-m", "pytest", str(tests), "-q", "-p", "no:cacheprovider", version=version, folder=ROOT)
    (passed,) = re.findall(r"(\d+) passed", printed)
    assert int(passed) > 20
