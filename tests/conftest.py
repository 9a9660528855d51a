"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data that stands beside a developer's checkout; a user's clone has none."""
    folder = ROOT.parent / "shared"
    if not (folder / "data" / "README.md").is_file():
        pytest.skip("needs the developers' shared data, which is not part of the repository")
    return folder
