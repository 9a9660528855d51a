"""One model's answers to a set of examples, in their order.

A model's answer to an example, or why there is none.

A prediction as JSON.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from os import PathLike
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args, overload

from vqaft.durable import atomic_writer, read_file
from vqaft.errors import DataError, MissingExtraError, StateError
from vqaft.notebook import card, heading, note, table
from vqaft.serialization import no_extra_fields, read_as, validated
from vqaft.typed import typed, typed_call

FailureKind: TypeAlias = Literal[
    "image", "refused", "content_filter", "truncated", "empty", "rate_limit", "quota", "auth", "unreachable", "rejected"
]


@no_extra_fields
@dataclass(frozen=True, kw_only=True, slots=True)
@typed
class Failure:
    """Why there is no answer.

    Attributes:
        kind: Which kind of failure; the same words in every table.
        message: What happened, in words.
        partial: What the model had said until then, where it said something.
    """

    kind: FailureKind
    message: str
    partial: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(FailureKind):
            raise DataError(f"kind={self.kind!r}", hint=f"One of {', '.join(get_args(FailureKind))}.")


@no_extra_fields
@dataclass(frozen=True, kw_only=True, slots=True)
@typed
class Prediction:
    """What one model said to one example.

    Exactly one of `answer` and `failure` is given: a failure is never an empty answer.

    Attributes:
        example_id: Joins the prediction to its example.
        model: The model that was asked.
        answer: What it answered.
        failure: Why it did not.
        latency_s: Seconds from the first request to the outcome.
        attempts: How many requests were made.
        prompt_tokens: Tokens billed for the request, as far as said.
        completion_tokens: Tokens billed for the answer, as far as said.
    """

    example_id: str
    model: str
    answer: str | None = None
    failure: Failure | None = None
    latency_s: float = 0.0
    attempts: int = 1
    prompt_tokens: int | None = None
    completion_tokens: int | None = None

    def __post_init__(self) -> None:
        if (self.answer is None) == (self.failure is None):
            raise DataError("a prediction has either an answer or a failure", example_id=self.example_id)


def prediction_json(prediction: Prediction) -> dict[str, Any]:
    """Return a prediction as plain values; what is None is left out."""
    names = Prediction.__dataclass_fields__
    values = {name: value for name in names if (value := getattr(prediction, name)) is not None}
    if prediction.failure is not None:
        values["failure"] = {name: value for name, value in asdict(prediction.failure).items() if value is not None}
    return values


def prediction_from(values: Mapping[str, Any]) -> Prediction:
    """Return the prediction of what `prediction_json` returned.

    Raises:
        ValueError: If it is not one; it names the field.
    """
    return validated(Prediction, values)


_SHOWN = 5
FORMAT = "vqaft-predictions/1"


class Predictions(Sequence[Prediction]):
    """Predictions in the order of their examples; never changed once made.

    Args:
        predictions: One for each example.
        settings: What the model was asked with, e.g. temperature and seed.
    """

    @typed_call
    def __init__(self, predictions: Iterable[Prediction], *, settings: Mapping[str, Any] | None = None) -> None:
        self._predictions = tuple(predictions)
        self._settings = dict(settings or {})

    @property
    def settings(self) -> dict[str, Any]:
        """What the model was asked with; a copy."""
        return dict(self._settings)

    @property
    def answered(self) -> tuple[Prediction, ...]:
        """Those with an answer."""
        return tuple(prediction for prediction in self if prediction.failure is None)

    @property
    def failed(self) -> tuple[Prediction, ...]:
        """Those without one."""
        return tuple(prediction for prediction in self if prediction.failure is not None)

    @overload
    def __getitem__(self, index: int) -> Prediction: ...
    @overload
    def __getitem__(self, index: slice) -> Predictions: ...
    def __getitem__(self, index: int | slice) -> Prediction | Predictions:
        """Return one prediction, or a part of them."""
        if isinstance(index, slice):
            return Predictions(self._predictions[index], settings=self._settings)
        return self._predictions[index]

    def __len__(self) -> int:
        return len(self._predictions)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Predictions) and self._predictions == other._predictions

    def __hash__(self) -> int:
        return hash(self._predictions)

    def __repr__(self) -> str:
        models = ", ".join(sorted({prediction.model for prediction in self})) or "no model"
        kinds = Counter(prediction.failure.kind for prediction in self.failed if prediction.failure)
        failures = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        return (
            f"Predictions({models}: {len(self.answered)} of {len(self)} answered{f'; {failures}' if failures else ''})"
        )

    def _repr_html_(self) -> str:
        shown = self[:_SHOWN]
        rows = [
            (
                one.example_id,
                one.answer if one.failure is None else f"no answer: {one.failure.kind}",
                f"{one.latency_s:.2f} s",
            )
            for one in shown
        ]
        more = [note(f"… and {len(self) - len(shown)} more")] if len(self) > len(shown) else []
        return card([], [heading(self), table(("example", "answer", "time"), rows), *more])

    def write(self, path: str | PathLike[str]) -> Path:
        """Write all to a file of JSON lines: the settings first, then one line a prediction.

        Args:
            path: The file, readable by its owner only; replaced in one step.

        Raises:
            StateError: If it cannot be written.
        """
        with atomic_writer(Path(path), private=True) as file:
            file.write(_line({"format": FORMAT, "settings": self._settings}))
            file.writelines(_line(prediction_json(prediction)) for prediction in self)
        return Path(path)

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Predictions:
        """Read a file that `write` wrote.

        Args:
            path: The file.

        Raises:
            StateError: If the file cannot be read, is another kind of file, of another version, or damaged.
        """
        lines = read_file(Path(path)).split(b"\n")
        try:
            head = json.loads(lines[0])
            settings = dict(head["settings"]) if head["format"] == FORMAT else None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise StateError(f"this is not a file of predictions ({error})", path=path) from error
        if settings is None:
            raise StateError(f"written by another version of vqaft: {head['format']!r}", path=path)
        return cls(_predictions(lines[1:], path), settings=settings)

    def to_pandas(self) -> Any:
        """Return a pandas frame, one row a prediction; the failure's kind and message have columns of their own.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtraError("pandas", extra="pandas") from error
        return pd.DataFrame([_flat(prediction) for prediction in self])


def _predictions(lines: Iterable[bytes], path: str | PathLike[str]) -> Iterator[Prediction]:
    for number, line in enumerate(lines, start=2):
        if line:
            try:
                yield read_as(Prediction, line)
            except ValueError as error:
                raise StateError(f"line {number} is not a prediction ({error})", path=path) from error


def _line(value: Mapping[str, Any]) -> bytes:
    # ASCII, so that lone surrogates in an answer survive.
    return json.dumps(value, ensure_ascii=True, allow_nan=False).encode() + b"\n"


def _flat(prediction: Prediction) -> dict[str, Any]:
    row = asdict(prediction)
    failure = row.pop("failure") or {}
    return {**row, **{f"failure_{name}": failure.get(name) for name in ("kind", "message", "partial")}}
