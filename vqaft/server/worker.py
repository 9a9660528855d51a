"""Training in a process of its own, so that it can be stopped and cannot slow the server's answers down."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TypeAlias

from vqaft.errors import VqaftError
from vqaft.server.engines import Engine, EpochMetrics, TrainingResult, TrainingTask

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


Message: TypeAlias = EpochMetrics | TrainingResult | TrainingFailure


def work(engine: Engine, task: TrainingTask, outbox: Connection) -> None:
    """Train, and send what happens.

    Args:
        engine: What trains.
        task: What to train.
        outbox: Where every epoch, and then the result or the failure, is sent.
    """
    try:
        outbox.send(engine.train(task, outbox.send))
    except VqaftError as error:
        outbox.send(_fault_of_the_file(error, task))
    except Exception as error:  # whatever an engine raises ends the job, with its words
        LOG.exception("a training broke")
        outbox.send(TrainingFailure(code="server_error", message=plain_words(error)))
    finally:
        outbox.close()


def plain_words(error: Exception) -> str:
    """Say what is wrong without naming files of the server, which mean nothing to a client.

    Args:
        error: What was raised.
    """
    if isinstance(error, VqaftError):
        place = "" if error.line is None else f"Line {error.line}: "
        return f"{place}{error.message}." + (f" {error.hint}" if error.hint else "")
    return f"{type(error).__name__}: {error.strerror if isinstance(error, OSError) else error}"


def _fault_of_the_file(error: VqaftError, task: TrainingTask) -> TrainingFailure:
    param = "validation_file" if error.path == str(task.validation_file) else "training_file"
    return TrainingFailure(code=f"invalid_{param}", message=plain_words(error), param=param)
