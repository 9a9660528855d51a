"""A chat service that says what a test told it to."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from vqaft.errors import DataError, VqaftError
from vqaft.inference import ChatReply, ChatRequest
from vqaft.typed import typed_call


class ScriptedBackend:
    """Gives replies, or raises errors, one after the other; a `ChatBackend` without a network.

    Example:
        >>> backend = ScriptedBackend(["yes", RateLimitError("slow down"), "no"])  # doctest: +SKIP

    Args:
        script: What to say or raise, request by request; a text stands for a reply that says it. The last entry is
            given to all further requests; an empty script is for what must not be asked.

    Attributes:
        requests: The requests that came, in order.
    """

    @typed_call
    def __init__(self, script: Iterable[str | ChatReply | VqaftError]) -> None:
        self.requests: list[ChatRequest] = []
        self._script = list(script)
        self._lock = threading.Lock()

    def complete(self, request: ChatRequest) -> ChatReply:
        """Return the next scripted reply; see `ChatBackend`.

        Raises:
            DataError: If the script is empty.
        """
        with self._lock:
            self.requests.append(request)
            entry = self._entry(len(self.requests))
        if isinstance(entry, VqaftError):
            raise entry
        return ChatReply(text=entry, finish_reason="stop") if isinstance(entry, str) else entry

    def _entry(self, number: int) -> str | ChatReply | VqaftError:
        if not self._script:
            return DataError("the script has nothing to say", hint="Give ScriptedBackend at least one entry.")
        return self._script[min(number, len(self._script)) - 1]
