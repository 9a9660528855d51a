"""A training's process, as the server sees it."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

from vqaft.server.engines import Engine, TrainingTask
from vqaft.server.worker import Message, work

INTERRUPTED = frozenset({1, -signal.SIGINT, -signal.SIGTERM})
"""How a process ends that Ctrl-C or a service manager stops; Python's own Ctrl-C is 1."""


class TrainingProcess:
    """Trains for the length of a block; what is left of the process at its end is killed.

    Args:
        engine: What trains.
        task: What to train.
    """

    def __init__(self, engine: Engine, task: TrainingTask) -> None:
        context = multiprocessing.get_context("spawn")
        self._inbox, self._outbox = context.Pipe(duplex=False)
        self._process = context.Process(target=_main, args=(engine, task, self._outbox), daemon=True)

    def __enter__(self) -> Self:
        try:
            self._process.start()
        except BaseException:
            self._inbox.close()
            raise
        finally:
            self._outbox.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.join()
        self._inbox.close()

    def messages(self) -> Iterator[Message]:
        """Give what the process says, until it ends."""
        while True:
            try:
                message = self._inbox.recv()
            except (EOFError, OSError):  # the latter where it was killed in the middle of a word
                break
            yield message
        self._process.join()

    def kill(self) -> None:
        """End the process, from any thread."""
        self._process.kill()

    @property
    def interrupted(self) -> bool:
        """Whether it has ended as processes do that are told to stop together with others."""
        return self._process.exitcode in INTERRUPTED


def _main(engine: Engine, task: TrainingTask, outbox: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this process
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    work(engine, task, outbox)


def _end_with_the_server() -> None:
    # A server that is started again on the same folder must not find an older training writing there.
    server = multiprocessing.parent_process()
    assert server is not None  # noqa: S101 - this is its child
    server.join()
    os._exit(1)
