"""Earlier turns of an example as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vqaft.data import Turn, VQAExample

_FIELDS = ("question", "answer", "n_images", "trained")


def history_values(example: VQAExample) -> list[dict[str, Any]]:
    """Return the history of an example as plain values."""
    return [{name: getattr(turn, name) for name in _FIELDS} for turn in example.history]


def history_of(values: Iterable[Mapping[str, Any]]) -> tuple[Turn, ...]:
    """Return the history that plain values describe.

    Raises:
        DataError: If a value is not one of a turn.
    """
    return tuple(Turn(**{name: each[name] for name in _FIELDS}) for each in values)
