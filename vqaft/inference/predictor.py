"""Asking one model about many examples at once."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import nullcontext
from os import PathLike

from vqaft.data import VQAExample
from vqaft.inference.asking import Asker, RequestBuilder
from vqaft.inference.chat import ChatBackend
from vqaft.inference.chat_settings import ChatSettings
from vqaft.inference.journal import Journal
from vqaft.inference.paced import PacedBackend
from vqaft.inference.predictions import Predictions
from vqaft.inference.run import Question, run
from vqaft.tuning import Ledger


class Predictor:
    """Asks a model about examples, many at once, and keeps the order.

    A failure is a prediction of its own kind, never an error; only what every other request would meet too (a wrong
    key, no money left, no such model, nobody there) is raised: by the first request, which goes ahead alone, or later,
    with the predictions made until then as the error's `partial`.

    Args:
        backend: The service, e.g. `OpenAIBackend(client)`; a `PacedBackend` where several predictors or judges share
            one account's limits, or where the pace or the patience is to be set.
        builder: Turns examples into messages; the one that made the training file.
        model: The model's name.
        workers: The most requests at once; the pace adapts to the service below that.
        temperature: 0 to 2; left to the provider where None.
        max_tokens: The most tokens of an answer; left to the provider where None.
        seed: For repeatable answers as far as the provider can.
        progress: Whether to show a progress bar.
    """

    def __init__(
        self,
        backend: ChatBackend,
        builder: RequestBuilder,
        *,
        model: str,
        workers: int = 32,
        temperature: float | None = 0.0,
        max_tokens: int | None = 300,
        seed: int | None = None,
        progress: bool = True,
    ) -> None:
        settings = ChatSettings(model=model, temperature=temperature, max_tokens=max_tokens, seed=seed)
        shared = paced(backend, workers)
        self._account = shared.account
        self._asker = Asker(shared, builder, settings)
        self._workers = workers
        self._progress = progress

    def predict(
        self,
        examples: Iterable[VQAExample],
        *,
        journal: str | PathLike[str] | None = None,
        ledger: Ledger | None = None,
    ) -> Predictions:
        """Ask about every example.

        Args:
            examples: What to ask about.
            journal: A file that every answer is written to before it counts; what it holds already, of this or an
                earlier run, is not asked again. Without one, a run that is killed has to be paid again.
            ledger: Where the run and the tokens it used are recorded beside uploads and jobs.

        Returns:
            A prediction for each example, in their order, with the settings that were used.

        Raises:
            ServiceError: If no further request can succeed; see the class.
            StateError: If another process works on the journal, or the disk is full.
        """
        questions = [Question(asker=self._asker, example=example) for example in examples]
        settings = self._asker.settings
        with Journal(journal) if journal is not None else nullcontext() as kept:
            found = run(questions, workers=self._workers, journal=kept, label=settings.model, progress=self._progress)
        predictions = Predictions(found, settings=settings.as_dict())
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


def paced(backend: ChatBackend, workers: int) -> PacedBackend:
    """Give a backend its pace, unless it has one."""
    return backend if isinstance(backend, PacedBackend) else PacedBackend(backend, most_at_once=workers)
