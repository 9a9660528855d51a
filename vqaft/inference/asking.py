"""One example to one prediction."""

from __future__ import annotations

import threading
import time
from typing import Protocol

from vqaft.data import VQAExample
from vqaft.errors import ServiceUnreachableError, VqaftError
from vqaft.inference.chat import ChatReply, ChatRequest
from vqaft.inference.chat_settings import ChatSettings
from vqaft.inference.journal import Journal, request_key
from vqaft.inference.outcome import FATAL, failure_of_error, failure_of_reply
from vqaft.inference.paced import PacedBackend, StoppedError, Tally
from vqaft.inference.prediction import Failure, Prediction


class RequestBuilder(Protocol):
    """Turns an example into the messages of a request; `MessageBuilder` is one."""

    def request_json(self, example: VQAExample) -> bytes:
        """Give the messages as a JSON array in bytes.

        Raises:
            ImageError: If the image cannot be sent.
        """
        ...


class Asker:
    """Asks one model about one example at a time; used from many threads.

    Args:
        backend: The service, with its pace and patience.
        builder: Turns examples into messages.
        settings: What the model is asked with.
    """

    def __init__(self, backend: PacedBackend, builder: RequestBuilder, settings: ChatSettings) -> None:
        self._backend = backend
        self._builder = builder
        self._settings = settings

    @property
    def settings(self) -> ChatSettings:
        """What the model is asked with."""
        return self._settings

    @property
    def spent_dollars(self) -> float | None:
        """What the service was paid until now; None where the price of its tokens was not said."""
        return self._backend.spent_dollars

    def ask(self, example: VQAExample, *, journal: Journal | None, stop: threading.Event) -> Prediction:
        """Ask about an example, unless the journal has the answer; a failure is a prediction too.

        Args:
            example: What to ask about.
            journal: Where answers are kept.
            stop: Set where no further request shall be sent.

        Raises:
            ServiceError: What every other request would meet too.
            StateError: If the answer could not be written down.
            StoppedError: If it was stopped before there was an answer.
        """
        try:
            request = self._settings.request(self._builder.request_json(example))
        except VqaftError as error:
            return self._prediction(example, Tally(attempts=0), failure=failure_of_error(error))
        key = request_key(request) if journal is not None else ""
        known = journal.find(key, example_id=example.id) if journal is not None else None
        if known is not None:
            return known
        prediction = self._send(example, request, Tally(stop=stop))
        if journal is not None:
            journal.keep(key, prediction)
        return prediction

    def _send(self, example: VQAExample, request: ChatRequest, tally: Tally) -> Prediction:
        start = time.monotonic()
        try:
            reply = self._backend.ask(request, tally)
        except (StoppedError, *FATAL):
            raise
        except VqaftError as error:
            if isinstance(error, ServiceUnreachableError) and not self._backend.has_answered:
                raise
            return self._prediction(example, tally, failure=failure_of_error(error), since=start)
        return self._prediction(example, tally, failure=failure_of_reply(reply), reply=reply, since=start)

    def _prediction(
        self,
        example: VQAExample,
        tally: Tally,
        *,
        failure: Failure | None,
        reply: ChatReply | None = None,
        since: float | None = None,
    ) -> Prediction:
        return Prediction(
            example_id=example.id,
            model=self._settings.model,
            answer=reply.text if reply is not None and failure is None else None,
            failure=failure,
            latency_s=0.0 if since is None else round(time.monotonic() - since, 6),
            attempts=tally.attempts,
            prompt_tokens=reply.prompt_tokens if reply else None,
            completion_tokens=reply.completion_tokens if reply else None,
        )
