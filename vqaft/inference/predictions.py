"""One model's answers to a set of examples, in their order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from typing import Any, overload

from vqaft.durable import atomic_writer
from vqaft.errors import MissingExtraError, StateError
from vqaft.inference.prediction import Prediction
from vqaft.inference.prediction_json import prediction_from, prediction_json

FORMAT = "vqaft-predictions/1"


class Predictions(Sequence[Prediction]):
    """Predictions in the order of their examples; never changed once made.

    Args:
        predictions: One for each example.
        settings: What the model was asked with, e.g. temperature and seed.
    """

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
        """Give one prediction, or a part of them."""
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

    def write(self, path: str | PathLike[str]) -> Path:
        """Write all to a file of JSON lines: the settings first, then one line a prediction.

        Args:
            path: The file; replaced as a whole.
        """
        with atomic_writer(Path(path)) as file:
            file.write(_line({"format": FORMAT, "settings": self._settings}))
            file.writelines(_line(prediction_json(prediction)) for prediction in self)
        return Path(path)

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Predictions:
        """Read a file that `write` wrote.

        Args:
            path: The file.

        Raises:
            StateError: If the file is no such file, or damaged.
        """
        lines = Path(path).read_bytes().split(b"\n")
        try:
            head = json.loads(lines[0])
            settings = head["settings"] if head["format"] == FORMAT else None
            predictions = [prediction_from(json.loads(line)) for line in lines[1:] if line]
        except (ValueError, KeyError, TypeError) as error:
            raise StateError(f"this is no file of predictions ({error})", path=path) from error
        if settings is None:
            raise StateError(f"written by another version of vqaft: {head['format']!r}", path=path)
        return cls(predictions, settings=settings)

    def to_pandas(self) -> Any:
        """Give a pandas frame, one row a prediction; the failure's kind and message have columns of their own.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise MissingExtraError("pandas", extra="pandas") from error
        return pd.DataFrame([_flat(prediction) for prediction in self])


def _line(value: Mapping[str, Any]) -> bytes:
    # ASCII, so that lone surrogates in an answer survive.
    return json.dumps(value, ensure_ascii=True, allow_nan=False).encode() + b"\n"


def _flat(prediction: Prediction) -> dict[str, Any]:
    row = asdict(prediction)
    failure = row.pop("failure") or {}
    return {**row, **{f"failure_{name}": failure.get(name) for name in ("kind", "message", "partial")}}
