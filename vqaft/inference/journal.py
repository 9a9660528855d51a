"""Prediction journal: every answer is on the disk before it counts, so that no answer is paid for twice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, runtime_checkable

from vqaft.durable import AppendLog
from vqaft.errors import StateError
from vqaft.inference.chat import ChatRequest
from vqaft.inference.predictions import Prediction, prediction_from, prediction_json
from vqaft.typed import typed_call

TRANSIENT = frozenset({"unreachable", "rate_limit", "quota", "auth"})
"""Failures that say nothing about the question: they are not kept, and a later run asks again."""


@runtime_checkable
class AnswerStore(Protocol):
    """Where a prediction run keeps its answers; `Journal` is one, and a cluster has one of its own."""

    @property
    def path(self) -> object:
        """Where it is, for messages."""
        ...

    def find(self, key: str, *, example_id: str) -> Prediction | None:
        """Return what was answered to a request before; None where it was not."""
        ...

    def keep(self, key: str, prediction: Prediction) -> None:
        """Keep a prediction, so that its request is never sent again."""
        ...


class Journal:
    """The answers of a prediction run, by the content of their requests.

    The key is a hash of the whole request (model, messages, parameters), never a row's number, so that rows may be
    added, dropped or put in another order between runs. One process at a time may work on a journal. In memory it keeps
    where each answer stands in the file, some 0.2 KB, not the answer.

    Args:
        path: The file, readable by its owner only; an existing one is continued.

    Raises:
        StateError: If another process works on it, with its process id; or if the file is not a journal of this
            version, or cannot be opened.
    """

    @typed_call
    def __init__(self, path: str | PathLike[str]) -> None:
        self._log = AppendLog(Path(path), kind="journal", exclusive=True)
        try:
            self._places = self._all_places()
        except BaseException:
            self._log.close()
            raise

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def __len__(self) -> int:
        return len(self._places)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.close()

    @property
    def path(self) -> Path:
        """The file, with symbolic links resolved."""
        return self._log.path

    def find(self, key: str, *, example_id: str) -> Prediction | None:
        """Return what was answered to this request before; None where it was not.

        Args:
            key: The request's `request_key`.
            example_id: Whose prediction it shall be.

        Raises:
            StateError: If the entry is not a prediction, or one of another version of vqaft.
        """
        if key not in self._places:
            return None
        value: Mapping[str, Any] | Any = self._entry(key).get("prediction")
        try:
            return replace(prediction_from(value), example_id=example_id)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            hint = "Use the version of vqaft that wrote it, or another journal."
            raise StateError(f"holds a prediction of another version ({error})", path=self.path, hint=hint) from error

    def keep(self, key: str, prediction: Prediction) -> None:
        """Write a prediction down; when this returns it is on the disk.

        Args:
            key: The request's `request_key`.
            prediction: What came of it; a failure that says nothing about the question is not kept.

        Raises:
            StateError: If the disk is full or fails.
        """
        if prediction.failure is None or prediction.failure.kind not in TRANSIENT:
            self._places[key] = self._log.append({"key": key, "prediction": prediction_json(prediction)})

    def _all_places(self) -> dict[str, int]:
        return {str(entry.get("key")): place for place, entry in self._log.placed_entries()}

    def _entry(self, key: str) -> Mapping[str, Any]:
        """Read an entry where it stands, or where it stands now: the file may have been put back from a copy."""
        for _ in range(2):
            entry = self._log.entry_at(self._places[key])
            if entry is not None and str(entry.get("key")) == key:
                return entry
            self._places |= self._all_places()
        hint = "Put the file back as it was, or use another journal."
        raise StateError(f"no longer holds the answer to request {key}", path=self.path, hint=hint)


def request_key(request: ChatRequest) -> str:
    """Return the hash of all that decides a request's answer."""
    content = request.body(without_thoughts={"thinking": False})
    return hashlib.sha256(content).hexdigest()[:32]
