"""The server as a context manager, for scripts, notebooks and tests."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pydantic import NonNegativeInt

from vqaft.errors import DataError, MissingExtraError, StateError
from vqaft.filesystem import require_local
from vqaft.server.access import Access, free_port, new_key, open_private_log, stored_access
from vqaft.server.store.folder import check_folder, unusable
from vqaft.typed import typed_call

TEMPORARY_PREFIX = "vqaft-server-"
STOP_S = 30.0
"""Seconds that a server may take to stop before it is killed."""
MAX_PORT = 65_535
WRAP = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")

Value = TypeVar("Value")


class LocalServer:
    """vqaft's OpenAI-compatible server on a loopback port of this machine.

    The server is a process of its own that ends with the block, or with the process that started it. With a folder, its
    token and its port are stored there: it is the same account at every start, so that a job that was started before
    is found again.

    Example:
        >>> from openai import OpenAI
        >>> with LocalServer() as server:
        ...     client = OpenAI(base_url=server.base_url, api_key=server.api_key)
        ...     names = [model.id for model in client.models.list()]

    Args:
        folder: Where files, jobs and models are kept for the next time; None keeps nothing.
        port: The port, 1 to 65535; 0 chooses a free one. By default the folder's own.
        api_key: The token; printable ASCII without spaces. By default the folder's own.
        models: Folders of open-weight models by the names that they are served under; needs the extra `transformers`.
        gpus: GPUs to train those with; all that are visible where None.
        wrap: What `serve(wrap=…)` takes, as module:name, since the server is another process: an application around
            the API, e.g. "vqaft.workbench:here" for pages in the browser.

    Raises:
        DataError: If the port is out of range, or `wrap` is not module:name.
    """

    @typed_call
    def __init__(
        self,
        folder: str | PathLike[str] | None = None,
        *,
        port: int | None = None,
        api_key: str | None = None,
        models: Mapping[str, str | PathLike[str]] | None = None,
        gpus: NonNegativeInt | None = None,
        wrap: str | None = None,
    ) -> None:
        if port is not None and not 0 <= port <= MAX_PORT:
            raise DataError(f"the port {port} is not within 0 to {MAX_PORT}")
        self._kept = None if folder is None else require_local(folder, purpose="a server's folder").absolute()
        self._wanted = port, api_key
        if wrap is not None and not WRAP.fullmatch(wrap):
            raise DataError(f"wrap={wrap!r} is not module:name", hint='For example "vqaft.workbench:here".')
        self._models, self._gpus, self._wrap = dict(models or {}), gpus, wrap
        self._access: Access | None = None
        self._folder: Path | None = None
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._process: subprocess.Popen[str] | None = None
        self._base_url: str | None = None

    @property
    def api_key(self) -> str:
        """The token that clients send.

        Raises:
            StateError: If the folder is not a server's, or its stored access is damaged.
        """
        return self._reached().api_key

    @property
    def base_url(self) -> str:
        """The address for clients, e.g. `http://127.0.0.1:21234/v1`.

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
        except OSError as error:
            self.stop()
            raise unusable(self._kept or Path(tempfile.gettempdir()), error) from error
        except BaseException:  # Ctrl-C included
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the server, by force where it does not stop by itself; a temporary folder is removed."""
        process, self._process, self._base_url, self._folder = self._process, None, None, None
        try:
            if process is not None:
                _end(process)
        finally:
            if self._temporary is not None:
                self._temporary.cleanup()
                self._temporary = None

    def _reached(self) -> Access:
        if self._access is None:
            port, api_key = self._wanted
            if self._kept is None:
                self._access = Access(api_key=api_key or new_key(), port=port or free_port())
            else:
                check_folder(self._kept)
                self._access = stored_access(self._kept, api_key=api_key, port=port)
        return self._access

    def _start(self) -> None:
        access = self._reached()
        if self._kept is None:
            self._temporary = tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX, ignore_cleanup_errors=True)
        self._folder = Path(self._temporary.name) if self._temporary else self._kept
        assert self._folder is not None  # noqa: S101 - one of the two
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = self._folder / "server.log"
        descriptor = open_private_log(log)
        written = log.stat().st_size
        try:
            self._process = self._launch(self._folder, access, descriptor)
        finally:
            os.close(descriptor)
        assert self._process.stdout is not None  # noqa: S101 - it is a pipe
        self._base_url = self._process.stdout.readline().strip() or None
        if self._base_url is None:
            words = log.read_bytes()[written:].decode(errors="replace").strip().splitlines()[-1:]
            raise StateError("the server did not start: " + " ".join(words))

    def _launch(self, folder: Path, access: Access, log: int) -> subprocess.Popen[str]:
        options = ["--temporary"] if self._temporary else []
        options += [f"--model={name}={Path(place).absolute()}" for name, place in self._models.items()]
        options += [] if self._gpus is None else [f"--gpus={self._gpus}"]
        options += [] if self._wrap is None else [f"--wrap={self._wrap}"]
        return subprocess.Popen(  # noqa: S603 - our own module, by this interpreter
            [sys.executable, "-m", "vqaft.server", str(folder), str(access.port), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={**os.environ, "VQAFT_SERVER_API_KEY": access.api_key},
        )

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
    """Check that the packages of the extra `local` are installed.

    Raises:
        MissingExtraError: If one is not.
    """
    from importlib.util import find_spec

    for package in ("starlette", "uvicorn", "multipart", "sklearn"):
        if find_spec(package) is None:
            raise MissingExtraError(package, extra="local")
