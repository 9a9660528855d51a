"""A prediction as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from vqaft.inference.prediction import Failure, Prediction


def prediction_json(prediction: Prediction) -> dict[str, Any]:
    """Give a prediction as plain values; what is None is left out."""
    values = {name: value for name, value in vars(prediction).items() if value is not None}
    if prediction.failure is not None:
        values["failure"] = {name: value for name, value in asdict(prediction.failure).items() if value is not None}
    return values


def prediction_from(values: Mapping[str, Any]) -> Prediction:
    """Read what `prediction_json` gave.

    Raises:
        TypeError: If there is something in it that no prediction has.
        ValueError: If there is neither an answer nor a failure.
    """
    failure = values.get("failure")
    return Prediction(**{**values, "failure": None if failure is None else Failure(**failure)})
