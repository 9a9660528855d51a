"""Training in a process of its own, so that it can be stopped and cannot slow the server's answers down."""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TypeAlias

from vqaft.errors import VqaftError
from vqaft.server.engines import Engine, EpochMetrics, TrainingResult, TrainingTask


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
    except Exception as error:  # noqa: BLE001 - whatever an engine raises ends the job, with its words
        outbox.send(TrainingFailure(code="server_error", message=f"{type(error).__name__}: {error}"))
    finally:
        outbox.close()


def _fault_of_the_file(error: VqaftError, task: TrainingTask) -> TrainingFailure:
    param = "validation_file" if error.path == str(task.validation_file) else "training_file"
    place = "" if error.line is None else f"Line {error.line}: "
    hint = f" {error.hint}" if error.hint else ""
    return TrainingFailure(code=f"invalid_{param}", message=f"{place}{error.message}.{hint}", param=param)
