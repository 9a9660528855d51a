"""Servers that nobody here wrote, from npm."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.contract.tools import installed

AIMOCK = "@copilotkit/aimock@1.43.0"
PRISM = "@stoplight/prism-cli@5.14.2"
OPTIONS = ("--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=1", "--loglevel=error")
START_S = 60.0


def node_program(package: str, name: str) -> Path:
    """The path of a package's program; the test is skipped, with a reason, where it cannot be had."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip(f"{package} needs node and npm")
    folder = installed(package.rpartition("/")[2], ("npm", "install", *OPTIONS, package, "--prefix"))
    return folder / "node_modules" / ".bin" / name


@contextmanager
def running(program: Path, *arguments: str, folder: Path) -> Iterator[str]:
    """Run a server on a free port of 127.0.0.1 until the block ends; what it prints goes to `server.log`.

    Args:
        program: The program; told the address by `-h` and `-p`.
        arguments: What else it is told.
        folder: Its working folder.

    Yields:
        The server's address, without a path.
    """
    port, log = _free_port(), folder / "server.log"
    command = [str(program), *arguments, "-h", "127.0.0.1", "-p", str(port)]
    with log.open("wb") as printed:
        process = subprocess.Popen(command, stdout=printed, stderr=subprocess.STDOUT, cwd=folder)  # noqa: S603
    try:
        _wait_until_listening(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    pytest.fail(f"the server does not listen: {log.read_text(errors='replace')[-2000:]}")
