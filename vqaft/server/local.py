"""The server as a context manager, for scripts, notebooks and tests."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from vqaft.errors import MissingExtraError, StateError

STOP_S = 30.0
"""How long a server may take to stop before it is killed."""

Value = TypeVar("Value")


class LocalServer:
    """vqaft's own OpenAI-compatible server, on a free loopback port of this machine, with a random token.

    The server is a process of its own that ends with the block, or with the process that started it.

    Example:
        >>> from openai import OpenAI
        >>> with LocalServer() as server:
        ...     client = OpenAI(base_url=server.base_url, api_key=server.api_key)
        ...     names = [model.id for model in client.models.list()]

    Args:
        folder: Where files, jobs and models are kept for the next time; None keeps nothing.

    Attributes:
        api_key: The token to ask with.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.api_key = "local-" + secrets.token_urlsafe(24)
        self._kept = folder
        self._folder: Path | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[str] | None = None
        self._base_url: str | None = None

    @property
    def base_url(self) -> str:
        """The address to give to a client, e.g. `http://127.0.0.1:41234/v1`.

        Raises:
            StateError: If the server is not running.
        """
        return self._of_running(self._base_url)

    @property
    def folder(self) -> Path:
        """Where the running server keeps files, jobs, models and its log.

        Raises:
            StateError: If the server is not running.
        """
        return self._of_running(self._folder)

    @property
    def pid(self) -> int:
        """The id of the server's process.

        Raises:
            StateError: If the server is not running.
        """
        return self._of_running(self._process).pid

    def start(self) -> Self:
        """Start the server, where a block does not fit, as in a notebook; end it by `stop`.

        Raises:
            MissingExtraError: If the extra `local` is not installed.
            StateError: If the server does not start; the message has its last words.
        """
        require_extra()
        if self._process is not None:
            raise StateError("the server is running already", hint="Stop it first.")
        try:
            self._start()
        except BaseException:  # Ctrl-C included
            self.stop()
            raise
        return self

    def _start(self) -> None:
        if self._kept is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="vqaft-server-", ignore_cleanup_errors=True)
        self._folder = Path(self._temporary.name if self._temporary else self._kept or ".").absolute()
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self._folder / "server.log"
        self._process = self._launch(self._folder, log)
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        self._base_url = self._process.stdout.readline().strip() or None
        if self._base_url is None:
            words = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
            raise StateError("the server did not start: " + " ".join(words))

    def _launch(self, folder: Path, log: Path) -> subprocess.Popen[str]:
        options = ["--temporary"] if self._temporary else []
        with log.open("ab") as stderr:
            return subprocess.Popen(  # noqa: S603 - our own module, by this interpreter
                [sys.executable, "-m", "vqaft.server", str(folder), *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env={**os.environ, "VQAFT_SERVER_API_KEY": self.api_key},
            )

    def stop(self) -> None:
        """Stop the server, by force where it does not stop by itself; what it kept in a temporary folder is removed."""
        process, self._process, self._base_url, self._folder = self._process, None, None, None
        try:
            if process is not None:
                _end(process)
        finally:
            if self._temporary is not None:
                self._temporary.cleanup()
                self._temporary = None

    def _of_running(self, value: Value | None) -> Value:
        if value is None:
            raise StateError("the server is not running", hint="Use it as: with LocalServer() as server: …")
        return value

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._base_url or 'not running'})"


def _end(process: subprocess.Popen[str]) -> None:
    with process:  # its end is waited for, and its pipes are closed
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=STOP_S)  # the end of its input tells it to stop
        finally:
            process.kill()


def require_extra() -> None:
    """Say which package of the extra `local` is missing.

    Raises:
        MissingExtraError: If one is.
    """
    from importlib.util import find_spec

    for package in ("starlette", "uvicorn", "multipart", "sklearn"):
        if find_spec(package) is None:
            raise MissingExtraError(package, extra="local")
