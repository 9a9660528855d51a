"""Judge journal: every rating is on the disk before it counts, so that no rating is paid for twice."""

from __future__ import annotations

import threading
from dataclasses import asdict
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import Self

from vqaft.durable import AppendLog
from vqaft.errors import StateError
from vqaft.inference import ChatReply, ChatRequest, request_key


class JudgeJournal:
    """A judge's replies by the content of the requests: model, rubric, question, references, candidate, settings.

    A run that broke off, or one with more examples, asks only what was never asked before. Refusals and replies in
    the wrong form are kept too: they were paid for, and asking the same again would bring the same.

    Args:
        path: The file; an existing one is continued. One process at a time may work on it.

    Raises:
        StateError: If another process works on it, or it is not a journal of this version.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self._log = AppendLog(Path(path), kind="judgments", exclusive=True)
        self._lock = threading.Lock()
        try:
            self._known = {str(entry["key"]): ChatReply(**entry["reply"]) for entry in self._log.entries()}
        except (KeyError, TypeError) as error:
            self._log.close()
            hint = "Use the version of vqaft that wrote it, or another journal."
            raise StateError(f"holds a reply of another version ({error})", path=self._log.path, hint=hint) from error
        except BaseException:
            self._log.close()
            raise

    def __len__(self) -> int:
        return len(self._known)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and release its lock."""
        self._log.close()

    def find(self, request: ChatRequest, *, repeat: int = 0) -> ChatReply | None:
        """Return what was replied before; None where it was never asked.

        Args:
            request: The request.
            repeat: Which repetition of it.
        """
        return self._known.get(_key(request, repeat))

    def keep(self, request: ChatRequest, reply: ChatReply, *, repeat: int = 0) -> None:
        """Write a reply; when this returns it is on the disk.

        Args:
            request: The request.
            reply: What came back.
            repeat: Which repetition of it.

        Raises:
            StateError: If the disk is full or fails.
        """
        key = _key(request, repeat)
        self._log.append({"key": key, "reply": asdict(reply)})
        with self._lock:
            self._known[key] = reply


def _key(request: ChatRequest, repeat: int) -> str:
    return f"{request_key(request)}-{repeat}"
