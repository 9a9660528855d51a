"""Many questions at once: answers in order, nothing lost where the run has to stop.

One example to one prediction.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from vqaft.data import VQAExample
from vqaft.errors import ServiceError, ServiceUnreachableError, VqaftError
from vqaft.inference.chat import ChatReply, ChatRequest, ChatSettings
from vqaft.inference.journal import Journal, request_key
from vqaft.inference.outcome import NON_RETRYABLE, failure_of_error, outcome_of_reply
from vqaft.inference.predictions import Failure, Prediction, Predictions
from vqaft.inference.rate_limited_backend import RateLimitedBackend, StoppedError, Tally
from vqaft.parallel import ordered_map


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

    def __init__(self, backend: RateLimitedBackend, builder: RequestBuilder, settings: ChatSettings) -> None:
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
            return self._prediction(example, Tally(attempts=0), failure_of_error(error))
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
        except (StoppedError, *NON_RETRYABLE):
            raise
        except VqaftError as error:
            if isinstance(error, ServiceUnreachableError) and not self._backend.has_answered:
                raise
            return self._prediction(example, tally, failure_of_error(error), since=start)
        return self._prediction(example, tally, outcome_of_reply(reply), reply=reply, since=start)

    def _prediction(
        self,
        example: VQAExample,
        tally: Tally,
        outcome: str | Failure,
        *,
        reply: ChatReply | None = None,
        since: float | None = None,
    ) -> Prediction:
        return Prediction(
            example_id=example.id,
            model=self._settings.model,
            answer=outcome if isinstance(outcome, str) else None,
            failure=outcome if isinstance(outcome, Failure) else None,
            latency_s=0.0 if since is None else round(time.monotonic() - since, 6),
            attempts=tally.attempts,
            prompt_tokens=reply.prompt_tokens if reply else None,
            completion_tokens=reply.completion_tokens if reply else None,
        )


@dataclass(frozen=True, kw_only=True)
class Question:
    """One model to be asked about one example.

    Attributes:
        asker: Asks the model.
        example: What to ask about.
    """

    asker: Asker
    example: VQAExample


def run(
    questions: Sequence[Question], *, workers: int, journal: Journal | None, label: str, progress: bool
) -> list[Prediction]:
    """Ask all questions, many at once.

    Args:
        questions: What to ask, in the order in which they are begun.
        workers: How many requests at once.
        journal: Where answers are kept.
        label: What the progress bar is called.
        progress: Whether to show one.

    Returns:
        The predictions, in the order of the questions.

    Raises:
        ServiceError: If no further request can succeed; with the answers until then as `partial`.
        KeyboardInterrupt: After the requests under way were waited for.
    """
    from tqdm.auto import tqdm

    stop = threading.Event()
    finished: dict[int, Prediction] = {}
    troubles: list[BaseException] = []

    def ask(number: int) -> Prediction:
        question = questions[number]
        try:
            finished[number] = question.asker.ask(question.example, journal=journal, stop=stop)
        except BaseException as error:
            troubles.append(error)
            stop.set()
            raise
        return finished[number]

    with tqdm(total=len(questions), desc=label, unit="answer", disable=not progress) as bar:
        shown = _Shown(bar, questions)
        try:
            for prediction in ordered_map(ask, range(len(questions)), workers=workers, window=8 * workers, stop=stop):
                shown.add(prediction)
        except Exception:  # noqa: BLE001 - raised again, as the one that came first
            # Questions that were merely stopped may stand before the one whose trouble stopped them.
            raise _with_partial(troubles[0], finished) from None
        except KeyboardInterrupt:
            kept = f"{len(finished)} answers are in {journal.path}; r" if journal else "R"
            bar.write(f"Stopped. {kept}un the same again to go on.")
            raise
    return [finished[number] for number in range(len(questions))]


def _with_partial(error: BaseException, finished: Mapping[int, Prediction]) -> BaseException:
    if isinstance(error, ServiceError):
        error.partial = Predictions(finished[number] for number in sorted(finished))
    return error


class _Shown:
    """Failures, tokens and dollars beside the progress bar."""

    def __init__(self, bar: Any, questions: Sequence[Question]) -> None:
        self._bar = bar
        self._askers = [question.asker for question in questions[:1]]  # all questions of a run share one service
        self._counts: Counter[str] = Counter()

    def add(self, prediction: Prediction) -> None:
        if prediction.failure is not None:
            self._counts[prediction.failure.kind] += 1
        self._counts["tokens"] += (prediction.prompt_tokens or 0) + (prediction.completion_tokens or 0)
        shown: dict[str, Any] = {name: count for name, count in self._counts.items() if count}
        for asker in self._askers:
            if asker.spent_dollars is not None:
                shown["spent"] = f"${asker.spent_dollars:,.2f}"
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update()
