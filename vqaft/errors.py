"""Exception hierarchy, grouped by who can fix the error.

    VqaftError
    ├── DataError              an input of yours: a file, a column, an example   (also a ValueError)
    │   ├── ImageError         one image: missing, unreadable, not allowed
    │   ├── RecordError        one row of a training file
    │   ├── ExportError        examples that an export's target cannot hold, all of them
    │   ├── SchemaError        a JSON schema that no answer is made for
    │   └── SplitError         a split that the data cannot give
    ├── MissingExtraError      an optional package is not installed              (also an ImportError)
    ├── ServiceError           the other side of the API
    │   ├── ServiceUnreachableError   no answer, or the connection broke
    │   ├── AuthenticationError       the key was refused
    │   ├── RateLimitError            too fast: wait and try again
    │   ├── QuotaError                out of money or quota: waiting does not help
    │   ├── RequestRefusedError       the request itself is wrong: sending it again does not help
    │   ├── ModelRetiredError         the model can no longer be trained or asked
    │   └── JobFailedError            a fine-tuning job ended without a model
    ├── StateError             files of an earlier run: damaged, in use, of another version
    ├── TrainingError          a training run on this machine stopped without a model
    └── EvaluationError        results that cannot be scored or compared         (also a ValueError)

Every error says what happened, where (file, line, example id), and what to do about it.
"""

from __future__ import annotations

from os import PathLike, fspath
from typing import Any

from vqaft.escape import redact, visible

SHOWN_CHARACTERS = 60
"""How much of a value a message quotes."""


def shown(value: object, limit: int = SHOWN_CHARACTERS) -> str:
    """Return a value's repr for a message, cut after `limit` characters; bytes and arrays are only described."""
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value)} bytes"
    if isinstance(value, str):
        return repr(value) if len(value) <= limit else f"{value[:limit]!r}… ({len(value)} characters)"
    if (shape := getattr(value, "shape", None)) is not None and hasattr(value, "dtype"):
        return f"an array of shape {shape} and type {value.dtype}"
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a repr of a foreign class may fail in any way
        return f"a {type(value).__name__}"
    return text if len(text) <= limit else f"{text[:limit]}…"


class VqaftError(Exception):
    """Base of all errors that vqaft raises on purpose.

    Args:
        message: What is wrong, in one sentence without a full stop.
        path: The file at fault, where there is one.
        line: The line in that file, counted from 1.
        example_id: The id of the example at fault.
        hint: What the reader can do about it.

    Attributes:
        partial: What had been obtained until then, e.g. the `Predictions` that were answered; None where nothing was.
    """

    partial: Any = None

    def __init__(
        self,
        message: str,
        *,
        path: str | PathLike[str] | None = None,
        line: int | None = None,
        example_id: str | None = None,
        hint: str | None = None,
    ) -> None:
        message = redact(message)
        self.message = message
        self.path = None if path is None else fspath(path)
        self.line = line
        self.example_id = example_id
        self.hint = hint
        super().__init__(message)

    def __str__(self) -> str:
        place = self.path or ""
        if self.line is not None:
            place = f"{place}:{self.line}" if place else f"line {self.line}"
        parts = [part for part in (place, self.example_id and f"example {self.example_id!r}", self.message) if part]
        text = redact(": ".join(parts))
        return visible(f"{text}. {self.hint}" if self.hint else text, keep="\n\t")

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message, self.__dict__)


def _rebuild(kind: type[VqaftError], message: str, state: dict[str, Any]) -> VqaftError:
    error = kind.__new__(kind, message)
    error.args = (message,)
    error.__dict__.update(state)
    return error


class DataError(VqaftError, ValueError):
    """An input is missing, broken or contradicts itself.

    Attributes:
        problems: What this error lists, e.g. a line for every bad row of a file; empty for a single problem.
    """

    problems: tuple[str, ...] = ()


class ImageError(DataError):
    """An image is missing, unreadable, unsafe or outside what is allowed."""


class RecordError(DataError):
    """A row of a training file is not what the providers accept."""


class SchemaError(DataError):
    """A JSON schema is malformed, or asks for more than one answer can hold."""


class SplitError(DataError):
    """The data cannot be split as asked."""


class ExportError(DataError):
    """Examples cannot be exported to a target; nothing was written.

    Args:
        message: What is wrong.
        problems: Each refused example and the reason, as text.
        hint: What the reader can do about it.
    """

    def __init__(self, message: str, *, problems: tuple[str, ...] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.problems = problems


class MissingExtraError(VqaftError, ImportError):
    """A package of an optional extra is needed and not installed.

    Args:
        package: The package that could not be imported.
        extra: The extra of vqaft that brings it.
    """

    def __init__(self, package: str, *, extra: str) -> None:
        super().__init__(f"{package} is not installed", hint=f"Install it with: pip install 'vqaft[{extra}]'")
        self.package = package
        self.extra = extra


class ServiceError(VqaftError):
    """The service failed, or refused.

    Args:
        message: What is wrong.
        status: The HTTP status, where there was one.
        code: The provider's own error code, where it gave one.
        retry_after_s: The least number of seconds to wait before trying again, where the provider gave it.
        hint: What the reader can do about it.

    Attributes:
        param: The field of the request that the service refused, where it named one.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        retry_after_s: float | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s
        self.param: str | None = None


class ServiceUnreachableError(ServiceError):
    """No answer, a broken connection, or an unusable answer: a retry may help."""


class AuthenticationError(ServiceError):
    """The key is missing, wrong, or may not do this."""


class RateLimitError(ServiceError):
    """Too many requests: wait at least `retry_after_s`, then try again."""


class QuotaError(ServiceError):
    """The account has no money or quota left: trying again does not help."""


class RequestRefusedError(ServiceError):
    """The request itself is refused: sending it again does not help."""


class ModelRetiredError(ServiceError):
    """The model is, or soon will be, shut down for what was asked of it."""


class JobFailedError(ServiceError):
    """A fine-tuning job ended without a model."""


class StateError(VqaftError):
    """The files of an earlier run are damaged, in use by another process, or of another version."""


class TrainingError(VqaftError):
    """A training run on this machine stopped without a model.

    Args:
        message: What is wrong, in one sentence without a full stop.
        code: What is wrong, for a program: "out_of_memory", "nan_loss", "rank_lost", "disk_full", "invalid_model".
        hint: What the reader can do about it.
    """

    def __init__(self, message: str, *, code: str = "training_failed", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.code = code


class EvaluationError(VqaftError, ValueError):
    """Results cannot be scored or compared as asked."""
