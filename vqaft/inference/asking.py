"""One example to one prediction."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from vqaft.data import VQAExample
from vqaft.errors import VqaftError
from vqaft.inference.chat import ChatReply, ChatRequest
from vqaft.inference.outcome import FATAL, failure_of_error, failure_of_reply
from vqaft.inference.paced import PacedBackend, Tally
from vqaft.inference.prediction import Failure, Prediction


class RequestBuilder(Protocol):
    """Turns an example into the messages of a request; `MessageBuilder` is one."""

    def request_json(self, example: VQAExample) -> bytes:
        """Give the messages as a JSON array in bytes.

        Raises:
            ImageError: If the image cannot be sent.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class ChatSettings:
    """What a model is asked with, beside the messages.

    Attributes:
        model: The model's name.
        temperature: 0 to 2; left to the provider where None.
        max_tokens: The most tokens of an answer; left to the provider where None.
        seed: For repeatable answers as far as the provider can; none where None.
    """

    model: str
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None

    def request(self, messages: bytes) -> ChatRequest:
        """Make a request of the messages, a JSON array in bytes."""
        return ChatRequest(messages=messages, **self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """Give the settings by name, to be recorded."""
        return asdict(self)


class Asker:
    """Asks one model about one example at a time; used from many threads.

    Args:
        backend: The service, with its patience.
        builder: Turns examples into messages.
        settings: What the model is asked with.
    """

    def __init__(self, backend: PacedBackend, builder: RequestBuilder, settings: ChatSettings) -> None:
        self._backend = backend
        self._builder = builder
        self._settings = settings

    def ask(self, example: VQAExample) -> Prediction:
        """Ask about an example; a failure is a prediction too.

        Args:
            example: What to ask about.

        Raises:
            AuthenticationError, QuotaError, ModelRetiredError: What every other request would meet too.
        """
        start, tally = time.monotonic(), Tally()
        reply, failure = self._reply(example, tally)
        return Prediction(
            example_id=example.id,
            model=self._settings.model,
            answer=reply.text if failure is None and reply is not None else None,
            failure=failure,
            latency_s=round(time.monotonic() - start, 6),
            attempts=tally.attempts,
            prompt_tokens=reply.prompt_tokens if reply else None,
            completion_tokens=reply.completion_tokens if reply else None,
        )

    def _reply(self, example: VQAExample, tally: Tally) -> tuple[ChatReply | None, Failure | None]:
        try:
            messages = self._builder.request_json(example)
            reply = self._backend.ask(self._settings.request(messages), tally)
        except FATAL:
            raise
        except VqaftError as error:
            return None, failure_of_error(error)
        return reply, failure_of_reply(reply)
