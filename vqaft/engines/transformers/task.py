"""Training task files and the JSON lines in which a training reports, shared by the engine and its ranks."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Self, TextIO

from pydantic import BaseModel, ConfigDict, ValidationError

from vqaft.durable import write_atomically
from vqaft.engines.transformers.options import TrainingOptions
from vqaft.errors import DataError, RecordError, TrainingError, VqaftError

TASK_FILE = "task.json"
FAILURE_FILES = "failure-{rank}.json"


class Task(BaseModel):
    """Everything that the ranks of a training need to know; `python -m vqaft.engines.transformers.train` reads it.

    Attributes:
        base: Folder of the base model.
        fingerprint: What the base model was when the task was written.
        training_file: Chat JSONL.
        validation_file: Chat JSONL, where there is one.
        folder: Where the result is stored; checkpoints to resume from lie in it too.
        n_epochs: Passes over the data.
        batch_size: Rows of a step, over all ranks.
        micro_batch_size: Rows that a rank takes at a time.
        learning_rate_multiplier: Factor on the engine's learning rate.
        seed: Of the order of rows, dropout and the adapter's first values.
        options: What else was asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: Path
    fingerprint: str
    training_file: Path
    validation_file: Path | None = None
    folder: Path
    n_epochs: int
    batch_size: int
    micro_batch_size: int
    learning_rate_multiplier: float = 1.0
    seed: int = 0
    options: TrainingOptions = TrainingOptions()

    def write(self) -> Path:
        """Write the task into its folder.

        Returns:
            The file.
        """
        path = self.folder / TASK_FILE
        write_atomically(path, self.model_dump_json(indent=2).encode() + b"\n")
        return path

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Self:
        """Read a task file.

        Raises:
            DataError: If it is missing or is not a task.
        """
        try:
            return cls.model_validate_json(Path(path).read_bytes())
        except OSError as error:
            raise DataError(f"the task file cannot be read ({error.strerror})", path=path) from error
        except ValidationError as error:
            raise DataError("the file is not a training task", path=path) from error


@dataclass(frozen=True)
class Reporter:
    """Writes what happens as JSON lines; only rank 0 has one that writes.

    Attributes:
        stream: Where to; None where another rank reports.
    """

    stream: TextIO | None

    def report(self, event: str, **values: Any) -> None:
        """Write one event."""
        if self.stream is not None:
            self.stream.write(json.dumps({"event": event, **values}) + "\n")
            self.stream.flush()


def claim_stdout() -> TextIO:
    """Return standard output for reports alone; what libraries print goes to standard error from now on."""
    out, sys.stdout = sys.stdout, sys.stderr
    return out


def write_failure(folder: Path, rank: int, error: BaseException) -> None:
    """Note why a rank ended, where the engine finds it; the disk may be full, so a failure to note it is ignored.

    Args:
        folder: The task's folder.
        rank: The rank.
        error: What was raised.
    """
    found: dict[str, Any] = {"rank": rank, "code": "server_error", "message": f"{type(error).__name__}: {error}"}
    if isinstance(error, VqaftError):
        found |= {"message": error.message, "hint": error.hint, "path": error.path, "line": error.line}
        found["code"] = error.code if isinstance(error, TrainingError) else "invalid_data"
    try:
        (folder / FAILURE_FILES.format(rank=rank)).write_text(json.dumps(found), encoding="utf-8")
    except OSError:
        print(json.dumps(found), file=sys.stderr)  # noqa: T201 - the log is all that is left


def read_failures(folder: Path) -> list[dict[str, Any]]:
    """Read why ranks ended, and remove the notes.

    Args:
        folder: The task's folder.
    """
    found = []
    for path in sorted(folder.glob(FAILURE_FILES.format(rank="*"))):
        try:
            found.append(json.loads(path.read_text(encoding="utf-8")))
        except ValueError:
            found.append({"code": "server_error", "message": "the failure could not be noted"})
        path.unlink(missing_ok=True)
    return found


def failure_error(failure: dict[str, Any]) -> VqaftError:
    """Return the error that a rank noted."""
    where = {name: failure.get(name) for name in ("path", "line", "hint")}
    if failure.get("code") == "invalid_data":
        kind = DataError if failure.get("line") is None else RecordError
        return kind(failure["message"], **where)
    return TrainingError(failure["message"], code=failure["code"], hint=failure.get("hint"))
