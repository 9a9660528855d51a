"""What all tests share. Properties are tried with the same cases in every run, and with VQAFT_LONG_TESTS=1 with new."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("same cases", derandomize=True)
if os.environ.get("VQAFT_LONG_TESTS") != "1":
    settings.load_profile("same cases")

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_finish() -> None:
    """Take what collecting made, some millions of objects that stay, out of every later garbage collection."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data that stands beside a developer's checkout; a user's clone has none."""
    folder = ROOT.parent / "shared"
    if not (folder / "data" / "README.md").is_file():
        pytest.skip("needs the developers' shared data, which is not part of the repository")
    return folder
