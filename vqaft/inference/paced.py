"""A service asked with patience: what can be mended by waiting and trying again is."""

from __future__ import annotations

from dataclasses import dataclass

from vqaft.inference.chat import ChatBackend, ChatReply, ChatRequest
from vqaft.retry import RetryPolicy


@dataclass(kw_only=True)
class Tally:
    """Counts the requests that one question took.

    Attributes:
        attempts: Requests sent so far.
    """

    attempts: int = 0


class PacedBackend:
    """A `ChatBackend` around another one that retries; share one among all that use the same account.

    Args:
        backend: The service.
        retry: How often and how long.
    """

    def __init__(self, backend: ChatBackend, *, retry: RetryPolicy | None = None) -> None:
        self._backend = backend
        self._retry = retry or RetryPolicy()

    def complete(self, request: ChatRequest) -> ChatReply:
        """Ask until there is an answer or no hope; see `ChatBackend`."""
        return self.ask(request, Tally())

    def ask(self, request: ChatRequest, tally: Tally) -> ChatReply:
        """Ask until there is an answer or no hope.

        Args:
            request: What to ask.
            tally: Counts the requests sent.

        Raises:
            ServiceError: The last one, where there is no answer.
        """

        def attempt() -> ChatReply:
            tally.attempts += 1
            return self._backend.complete(request)

        return self._retry.call(attempt)
