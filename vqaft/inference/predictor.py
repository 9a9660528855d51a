"""Predictor: one model asked about many examples concurrently, or several models asked the same questions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from os import PathLike

from vqaft.data import VQAExample
from vqaft.inference.chat import ChatBackend, ChatSettings
from vqaft.inference.journal import AnswerStore, Journal
from vqaft.inference.predictions import Predictions
from vqaft.inference.rate_limited_backend import RateLimitedBackend
from vqaft.inference.run import Asker, Question, RequestBuilder, run
from vqaft.parallel import worker_count
from vqaft.service import Ledger, check_backend
from vqaft.typed import typed_call


class Predictor:
    """Asks a model about examples concurrently, and keeps their order.

    A failure is a prediction of its own kind, never an error; only what every other request would meet too (a wrong
    key, no money left, no such model, no server) is raised: by the first request, which goes ahead alone, or later,
    with the predictions made until then as the error's `partial`. Equal requests are sent, and paid, once.

    Args:
        backend: The service, e.g. `OpenAIBackend(client)`; a `RateLimitedBackend` where several predictors or judges
            share one account's limits, or where limits or retries are to be set.
        builder: Turns examples into messages; the one that made the training file.
        model: The model's name; or all settings together, as `ChatSettings`, which has further ones, such as `thinking`
            and `extra_body`. Then `temperature`, `max_tokens` and `seed` do not matter.
        max_workers: The most requests that run concurrently, 32 if None; below that, concurrency adapts to the service.
        temperature: 0 to 2; left to the provider where None. A model that refuses it is asked without.
        max_tokens: The most tokens of an answer; left to the provider where None.
        seed: For repeatable answers as far as the provider can; none where None.
        progress: Whether to show a progress bar.

    Raises:
        DataError: If the backend is not one, e.g. the SDK's client itself, or a setting is outside its range.
    """

    @typed_call
    def __init__(
        self,
        backend: ChatBackend,
        builder: RequestBuilder,
        *,
        model: str | ChatSettings,
        max_workers: int | None = None,
        temperature: float | None = 0.0,
        max_tokens: int | None = 300,
        seed: int | None = None,
        progress: bool = True,
    ) -> None:
        if not isinstance(model, ChatSettings):
            model = ChatSettings(model=model, temperature=temperature, max_tokens=max_tokens, seed=seed)
        self._workers = worker_count(max_workers, waiting=True)
        shared = rate_limited(backend, self._workers, user="Predictor")
        self._account = shared.account
        self._asker = Asker(shared, builder, model)
        self._progress = progress

    @typed_call
    def predict(
        self,
        examples: Iterable[VQAExample],
        *,
        journal: str | PathLike[str] | AnswerStore | None = None,
        ledger: Ledger | None = None,
    ) -> Predictions:
        """Ask about every example.

        Args:
            examples: What to ask about.
            journal: A file that every answer is written to before it counts; what it holds already, of this or an
                earlier run, is not asked again. Without one, a run that is killed has to be paid again. Or an open
                journal, which is left open.
            ledger: Where the run and the tokens it used are recorded beside uploads and jobs.

        Returns:
            A prediction for each example, in their order, with the settings that were used.

        Raises:
            ServiceError: If no further request can succeed; see the class.
            StateError: If another process works on the journal, or the disk is full.
        """
        questions = [Question(asker=self._asker, example=example) for example in examples]
        settings = self._asker.settings
        with _opened(journal) as kept:
            found = run(
                questions, max_workers=self._workers, journal=kept, label=settings.model, progress=self._progress
            )
        predictions = Predictions(found, settings=self._asker.used_settings)
        if ledger is not None:
            self._record(ledger, predictions)
        return predictions

    def _record(self, ledger: Ledger, predictions: Predictions) -> None:
        ledger.record(
            "predicted",
            account=self._account,
            model=self._asker.settings.model,
            answered=len(predictions.answered),
            failed=len(predictions.failed),
            prompt_tokens=sum(prediction.prompt_tokens or 0 for prediction in predictions),
            completion_tokens=sum(prediction.completion_tokens or 0 for prediction in predictions),
        )


def _opened(journal: str | PathLike[str] | AnswerStore | None) -> AbstractContextManager[AnswerStore | None]:
    return Journal(journal) if isinstance(journal, str | PathLike) else nullcontext(journal)


def rate_limited(backend: ChatBackend, max_workers: int, *, user: str) -> RateLimitedBackend:
    """Return a backend with rate limits and retries: itself where it has them."""
    if isinstance(backend, RateLimitedBackend):
        return backend
    check_backend(backend, ("complete",), user=user)
    return RateLimitedBackend(backend, max_concurrency=max_workers)


@typed_call
def predict_models(
    backend: ChatBackend,
    builder: RequestBuilder,
    examples: Iterable[VQAExample],
    *,
    models: Sequence[str],
    settings: ChatSettings | None = None,
    max_workers: int | None = None,
    journal: str | PathLike[str] | None = None,
    progress: bool = True,
) -> tuple[Predictions, ...]:
    """Ask several models, e.g. base and tuned, the same questions.

    The requests alternate between the models, example by example, so that an outage or a slow hour of the service meets
    them alike.

    Args:
        backend: The service.
        builder: Turns examples into messages.
        examples: What to ask about.
        models: The models' names.
        settings: What to ask with; the model in it does not matter.
        max_workers: The most requests that run concurrently; 32 if None.
        journal: As in `Predictor.predict`.
        progress: Whether to show a progress bar.

    Returns:
        Predictions for each model, in the order of the models; each in the order of the examples.

    Raises:
        ServiceError: If no further request can succeed.
        StateError: If another process works on the journal, or the disk is full.
    """
    common = settings or ChatSettings(model="")
    workers = worker_count(max_workers, waiting=True)
    shared = rate_limited(backend, workers, user="predict_models")
    askers = [Asker(shared, builder, replace(common, model=model)) for model in models]
    questions = [Question(asker=asker, example=example) for example in examples for asker in askers]
    with _opened(journal) as kept:
        found = run(questions, max_workers=workers, journal=kept, label=", ".join(models), progress=progress)
    return tuple(
        Predictions(found[start :: len(askers)], settings=asker.used_settings) for start, asker in enumerate(askers)
    )
