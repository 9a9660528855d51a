"""Test tools from package indexes: installed once, in the user's cache and never in the repository."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest

INSTALL_S = 300


def installed(name: str, command: tuple[str, ...]) -> Path:
    """The folder of a tool; the test is skipped, with a reason, where it cannot be installed.

    Args:
        name: The tool and its version.
        command: What installs it; the folder to install it in follows as the last argument.
    """
    folder = _cache_folder() / name
    if not folder.is_dir():
        problem = _install(folder, command)
        if problem is not None:
            pytest.skip(f"{name} could not be installed: {problem}")
    return folder


def _cache_folder() -> Path:
    root = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(root) / "vqaft-tests"


@cache
def _install(folder: Path, command: tuple[str, ...]) -> str | None:
    """Why it could not be installed, found out once in a run; None where it was."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Installed aside and renamed: who is killed, or does the same at once, leaves nothing half done.
    with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as aside:
        problem = _run((*command, aside))
        if problem is None:
            with suppress(OSError):
                Path(aside).rename(folder)
    return None if folder.is_dir() else problem or "its folder could not be made"


def _run(command: tuple[str, ...]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_S)  # noqa: S603
    except subprocess.TimeoutExpired:
        return f"not done within {INSTALL_S} seconds"
    reasons = (line for line in done.stderr.splitlines() if "error" in line.lower())
    return next(reasons, "no reason given")[:200] if done.returncode else None
