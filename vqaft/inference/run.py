"""Prediction run: examples asked concurrently, answers in order, equal requests paid once, nothing lost on a stop."""

from __future__ import annotations

import os
import sys
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from vqaft.data import VQAExample
from vqaft.durable import MACHINE_ERRNOS, state_error
from vqaft.errors import DataError, ServiceUnreachableError, StateError, VqaftError
from vqaft.escape import visible
from vqaft.inference.chat import ChatReply, ChatRequest, ChatSettings
from vqaft.inference.journal import AnswerStore, request_key
from vqaft.inference.outcome import NON_RETRYABLE, failure_of_error, outcome_of_reply
from vqaft.inference.predictions import Failure, Prediction, Predictions
from vqaft.inference.rate_limited_backend import RateLimitedBackend, StoppedError, Tally
from vqaft.parallel import ordered_map

FILES_PER_WORKER = 2
"""Descriptors that a worker needs: its connection, and the image that it reads."""

SPARE_FILES = 16
_LOOK_EVERY_S = 0.2


@runtime_checkable
class RequestBuilder(Protocol):
    """Turns an example into the messages of a request; `MessageBuilder` is one."""

    def request_json(self, example: VQAExample) -> bytes:
        """Return the messages as a JSON array in bytes.

        Raises:
            ImageError: If the image cannot be sent.
        """
        ...


class Asker:
    """Asks one model about one example at a time; used from many threads.

    Args:
        backend: The service, with its limits and retries.
        builder: Turns examples into messages.
        settings: What the model is asked with.
    """

    def __init__(self, backend: RateLimitedBackend, builder: RequestBuilder, settings: ChatSettings) -> None:
        self._backend = backend
        self._builder = builder
        self._settings = settings

    @property
    def settings(self) -> ChatSettings:
        """What the model is to be asked with."""
        return self._settings

    @property
    def used_settings(self) -> dict[str, Any]:
        """What the model was asked with: without the fields that it refused, which are named."""
        refused = sorted(self._backend.refused_fields(self._settings.model))
        values = {name: None if name in refused else value for name, value in self._settings.as_dict().items()}
        return {**values, "refused_by_model": refused} if refused else values

    @property
    def spent_dollars(self) -> float | None:
        """What the service was paid until now; None where the price of its tokens was not said."""
        return self._backend.spent_dollars

    def ask(self, example: VQAExample, shared: SharedAnswers) -> Prediction:
        """Ask about an example, unless the answer to an equal request is there already; a failure is a prediction too.

        Args:
            example: What to ask about.
            shared: The run's answers, and its journal.

        Raises:
            ServiceError: What every other request would meet too.
            StateError: If the answer could not be written down, or the machine is at its limits.
            StoppedError: If the run was stopped before there was an answer.
        """
        try:
            request = self._settings.request(self._builder.request_json(example))
        except DataError as error:
            return self._prediction(example, Tally(attempts=0), failure_of_error(error))
        except OSError as error:
            if error.errno in MACHINE_ERRNOS:
                raise state_error(error, error.filename or example.id, doing="cannot be read") from error
            raise
        prediction = shared.answer(request, lambda tally: self._send(example, request, tally))
        return prediction if prediction.example_id == example.id else replace(prediction, example_id=example.id)

    def _send(self, example: VQAExample, request: ChatRequest, tally: Tally) -> Prediction:
        start = time.monotonic()
        try:
            reply = self._backend.ask(request, tally)
        except (StoppedError, StateError, DataError, *NON_RETRYABLE):
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


class SharedAnswers:
    """The answers of one run by the content of their requests: equal requests are sent once, also concurrent ones.

    Args:
        journal: Where answers are kept, of this and of earlier runs.
        stop: Set where no further request shall be sent.
    """

    def __init__(self, journal: AnswerStore | None, stop: threading.Event) -> None:
        self._journal = journal
        self._stop = stop
        self._lock = threading.Lock()
        self._answers: dict[str, Future[Prediction] | Prediction] = {}

    def answer(self, request: ChatRequest, send: Callable[[Tally], Prediction]) -> Prediction:
        """Return the answer to a request: an earlier one, that of an equal request which is running, or a new one.

        Args:
            request: What to ask.
            send: Sends it and returns the prediction; called with a `Tally`.

        Raises:
            VqaftError: What `send` raises, for all equal requests.
            StoppedError: If the run was stopped meanwhile.
        """
        key = request_key(request)
        future: Future[Prediction] = Future()
        with self._lock:
            earlier = self._answers.setdefault(key, future)
        if isinstance(earlier, Prediction):
            return earlier
        if earlier is not future:
            return self._wait(earlier)
        try:
            prediction = self._first(key, send)
        except BaseException as error:
            future.set_exception(error)
            raise
        future.set_result(prediction)
        self._answers[key] = prediction  # a tenth of the memory of what others wait for
        return prediction

    def _first(self, key: str, send: Callable[[Tally], Prediction]) -> Prediction:
        known = self._journal.find(key, example_id="") if self._journal is not None else None
        if known is not None:
            return known
        prediction = send(Tally(stop=self._stop))
        if self._journal is not None:
            self._journal.keep(key, prediction)
        return prediction

    def _wait(self, future: Future[Prediction]) -> Prediction:
        while not self._stop.is_set():
            try:
                return future.result(timeout=_LOOK_EVERY_S)
            except TimeoutError:
                if future.done():
                    raise
        raise StoppedError("stopped before it was answered")


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
    questions: Sequence[Question], *, max_workers: int, journal: AnswerStore | None, label: str, progress: bool
) -> list[Prediction]:
    """Ask all questions concurrently.

    Args:
        questions: What to ask, in the order in which they are begun.
        max_workers: The most requests that run concurrently; fewer where the process may not open so many files.
        journal: Where answers are kept.
        label: What the progress bar is called.
        progress: Whether to show one.

    Returns:
        The predictions, in the order of the questions.

    Raises:
        ServiceError: If no further request can succeed; with the answers until then as `partial`.
        StateError: If the disk is full or the machine is at its limits; with the answers until then as `partial`.
        KeyboardInterrupt: Within a second or two; running requests are waited for a second.
    """
    from tqdm.auto import tqdm

    stop = threading.Event()
    shared = SharedAnswers(journal, stop)
    finished: dict[int, Prediction] = {}
    troubles: list[BaseException] = []
    threads = affordable_workers(max_workers)

    def ask(number: int) -> Prediction:
        question = questions[number]
        try:
            finished[number] = question.asker.ask(question.example, shared)
        except BaseException as error:
            troubles.append(error)
            stop.set()
            raise
        return finished[number]

    with tqdm(total=len(questions), desc=visible(label), unit="answer", disable=not progress) as bar:
        shown = _Shown(bar, questions)
        try:
            for prediction in ordered_map(
                ask, range(len(questions)), max_workers=threads, window=8 * threads, stop=stop
            ):
                shown.add(prediction)
        except Exception as error:  # noqa: BLE001 - raised again, as the one that came first
            # Questions that were merely stopped may stand before the one whose trouble stopped them.
            raise _with_partial(troubles[0] if troubles else error, dict(finished)) from None
        except KeyboardInterrupt:
            kept = f"{len(finished)} answers are in {journal.path}; r" if journal else "R"
            bar.write(f"Stopped. {kept}un the same again to resume.")
            raise
    return [finished[number] for number in range(len(questions))]


def affordable_workers(max_workers: int) -> int:
    """Return how many of the wanted workers can have the files that they need open; warn where not all can.

    Args:
        max_workers: How many are wanted.
    """
    if sys.platform == "win32":  # pragma: no cover - no such limit there
        return max_workers
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY or max_workers * FILES_PER_WORKER + SPARE_FILES < limit // 2:
        return max_workers
    descriptors = Path("/dev/fd")
    used = len(os.listdir(descriptors)) if descriptors.is_dir() else SPARE_FILES  # noqa: PTH208 - names alone
    affordable = max(1, (limit - used - SPARE_FILES) // FILES_PER_WORKER)
    if affordable >= max_workers:
        return max_workers
    warnings.warn(
        f"this process may open {limit} files: {affordable} requests run concurrently instead of {max_workers}; "
        "raise `ulimit -n` for more",
        stacklevel=3,
    )
    return affordable


def _with_partial(error: BaseException, finished: Mapping[int, Prediction]) -> BaseException:
    if isinstance(error, VqaftError):
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
