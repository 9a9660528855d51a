"""Python processes that start in a tenth of a second: forked from one that has torch and its libraries loaded.

Loading torch, transformers, peft and trl costs a process ten seconds of CPU, more than most trainings of tiny models.
`ForkServer.command(*module)` is what `python -m` runs instead of a module: it hands its arguments, environment, working
directory and standard streams to a fork of the server, and ends as the fork ends, by the same signal if by one. What it
starts is as real a process as `python -m module` would be, with libraries that another process has loaded; tests that
start Python anew run beside those that do not.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

_LIBRARIES = ("vqaft.engines.transformers.trainer", "vqaft.testing.tiny_model", "llguidance.hf", "datasets")
_NAMES = ("AutoModelForImageTextToText", "AutoProcessor", "Idefics3ForConditionalGeneration", "Idefics3Processor")

_ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
}
"""A fork has none of the other threads of its server, so that there must be none."""


class ForkServer:
    """Starts the process that forks, for the length of a block.

    Args:
        folder: Where its socket and its log are.
    """

    def __init__(self, folder: Path) -> None:
        self._socket, self._log = folder / "socket", folder / "log"
        self._forks = hasattr(os, "pidfd_open")  # Linux

    def command(self, *module: str) -> tuple[str, ...]:
        """Return what `python -m` runs for a module and its first arguments; the module itself where nothing forks."""
        return (__name__, "run", str(self._socket), *module) if self._forks else module

    def __enter__(self) -> Self:
        if self._forks:
            self._start()
        return self

    def _start(self) -> None:
        from vqaft.engines.transformers.launch import rank_environment  # what `run` does without

        command = [sys.executable, "-m", __name__, "serve", str(self._socket)]
        environment = {**os.environ, **rank_environment(1), **_ONE_THREAD}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment
            )
        assert self._process.stdout is not None
        if self._process.stdout.readline() != b"ready\n":
            self._process.communicate()
            raise AssertionError(self._log.read_text())

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._forks:
            self._process.communicate()  # the end of its standard input ends it


def serve(address: str) -> NoReturn:
    """Load the libraries and fork for every connection until standard input ends."""
    for name in _LIBRARIES:
        importlib.import_module(name)
    transformers = importlib.import_module("transformers")
    for name in _NAMES:
        getattr(transformers, name)
    assert len([*Path("/proc/self/task").iterdir()]) == 1, "a library started a thread, which no fork would have"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(address)
        listener.listen(16)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while 0 not in select.select([listener.fileno(), 0], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _guard(connection)
            connection.close()
            _reap()
    _reap()
    os._exit(0)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _guard(connection: socket.socket) -> NoReturn:
    """Fork once more, tell how that fork ended, and kill it if whoever asked for it is gone."""
    content, streams, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    worker = os.fork()
    if worker == 0:
        connection.close()
        _run(json.loads(content), streams)
    for stream in (0, 1, 2, *streams):
        os.close(stream)
    ended = os.pidfd_open(worker)
    if ended not in select.select([connection.fileno(), ended], [], [])[0]:
        os.kill(worker, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    with contextlib.suppress(OSError):  # whoever asked may be gone
        connection.sendall(str(code).encode())
    os._exit(0)


def _run(asked: dict[str, Any], streams: list[int]) -> NoReturn:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = asked["arguments"]
    code = 0
    try:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    except BaseException:  # noqa: BLE001 - as an interpreter does
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run(address: str, arguments: list[str]) -> NoReturn:
    """Have a module run by a fork of the server, and end as it ends."""
    asked = {"arguments": arguments, "environment": dict(os.environ), "folder": str(Path.cwd())}
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
        connection.connect(address)
        socket.send_fds(connection, [json.dumps(asked).encode()], [0, 1, 2])
        code = int(connection.recv(16))
    if code < 0:
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    kind, place, *given = sys.argv[1:]
    run(place, given) if kind == "run" else serve(place)
