"""Training in a process of its own, so that it can be stopped and does not slow the server's answers down."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self, TypeAlias

from vqaft.engines import Engine, Progress, TrainingResult, TrainingTask
from vqaft.errors import TrainingError, VqaftError

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class TrainingFailure:
    """Why a training ended without a model.

    Attributes:
        code: What is wrong, for a program.
        message: What is wrong, for a person.
        param: The job's parameter at fault, where it is one.
    """

    code: str
    message: str
    param: str | None = None


Message: TypeAlias = Progress | TrainingResult | TrainingFailure


def work(engine: Engine, task: TrainingTask, outbox: Connection) -> None:
    """Train, and send progress and result.

    Args:
        engine: The engine.
        task: What to train.
        outbox: Where every step and note, and then the result or the failure, is sent.
    """
    try:
        outbox.send(engine.train(task, outbox.send))
    except VqaftError as error:
        outbox.send(failure_of(error, task))
    except Exception as error:  # whatever an engine raises ends the job, with its words
        LOG.exception("a training broke")
        outbox.send(TrainingFailure(code="server_error", message=plain_words(error)))
    finally:
        outbox.close()


def plain_words(error: Exception) -> str:
    """Return what is wrong without paths of the server, which mean nothing to a client.

    Args:
        error: What was raised.
    """
    if isinstance(error, VqaftError):
        place = "" if error.line is None else f"Line {error.line}: "
        return f"{place}{error.message}." + (f" {error.hint}" if error.hint else "")
    return f"{type(error).__name__}: {error.strerror if isinstance(error, OSError) else error}"


def failure_of(error: VqaftError | OSError, task: TrainingTask) -> TrainingFailure:
    """Return what a job says of an error: its own code, or whether the model or a file is at fault.

    Args:
        error: What was raised.
        task: What was to be trained.
    """
    if isinstance(error, TrainingError):
        return TrainingFailure(code=error.code, message=plain_words(error))
    path = error.path if isinstance(error, VqaftError) else error.filename
    files = {str(task.training_file), str(task.validation_file)}
    if path is not None and getattr(error, "line", None) is None and str(path) not in files:
        return TrainingFailure(code="invalid_model", message=plain_words(error), param="model")
    param = "validation_file" if str(path) == str(task.validation_file) else "training_file"
    return TrainingFailure(code=f"invalid_{param}", message=plain_words(error), param=param)


INTERRUPTED = frozenset({1, -signal.SIGINT, -signal.SIGTERM})
"""Exit codes of a process that Ctrl-C or a service manager stopped; Python's own for Ctrl-C is 1."""


class TrainingProcess:
    """A training process for the length of a block; killed at its end if it still runs.

    Args:
        engine: The engine.
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
        """Yield what the process sends, until it ends."""
        while True:
            try:
                message = self._inbox.recv()
            except (EOFError, OSError):  # the latter where it was killed in the middle of a word
                break
            yield message
        self._process.join()

    def kill(self) -> None:
        """Kill the process. Thread-safe."""
        self._process.kill()

    @property
    def interrupted(self) -> bool:
        """Whether it ended like a process that was stopped together with others."""
        return self._process.exitcode in INTERRUPTED


def _main(engine: Engine, task: TrainingTask, outbox: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this process
    threading.Thread(target=end_with_the_server, daemon=True).start()
    work(engine, task, outbox)


def end_with_the_server() -> None:
    """Wait for the end of the process that started this one, and end too."""
    # A server that is started again on the same folder must not find an older training writing there.
    server = multiprocessing.parent_process()
    assert server is not None  # noqa: S101 - this is its child
    server.join()
    os._exit(1)
