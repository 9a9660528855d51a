"""Asking one model about many examples at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vqaft.data import VQAExample
from vqaft.errors import ServiceError
from vqaft.inference.asking import Asker, ChatSettings, RequestBuilder
from vqaft.inference.chat import ChatBackend
from vqaft.inference.paced import PacedBackend
from vqaft.inference.prediction import Prediction
from vqaft.inference.predictions import Predictions
from vqaft.parallel import ordered_map


class Predictor:
    """Asks a model about examples, many at once, and keeps the order.

    A failure is a prediction of its own kind, never an error; only what every other request would meet too (a wrong
    key, no money left, no such model, nobody there) is raised: by the first request, which goes ahead alone, or later,
    with the predictions made until then as the error's `partial`.

    Args:
        backend: The service, e.g. `OpenAIBackend(client)`; a `PacedBackend` where several predictors or judges share
            one account's limits, or where retrying is to be set.
        builder: Turns examples into messages; the one that made the training file.
        model: The model's name.
        workers: How many requests at once.
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
        self._settings = ChatSettings(model=model, temperature=temperature, max_tokens=max_tokens, seed=seed)
        paced = backend if isinstance(backend, PacedBackend) else PacedBackend(backend)
        self._asker = Asker(paced, builder, self._settings)
        self._workers = workers
        self._progress = progress

    def predict(self, examples: Iterable[VQAExample]) -> Predictions:
        """Ask about every example.

        Args:
            examples: What to ask about.

        Returns:
            A prediction for each example, in their order.

        Raises:
            ServiceError: If no further request can succeed; see the class.
        """
        from tqdm.auto import tqdm

        waiting = list(examples)
        done: list[Prediction] = []
        with tqdm(total=len(waiting), desc=self._settings.model, unit="answer", disable=not self._progress) as bar:
            try:
                # The first goes ahead alone: a wrong key or name costs one request, not one for each worker.
                for part in (waiting[:1], waiting[1:]):
                    for prediction in ordered_map(self._asker.ask, part, workers=self._workers):
                        done.append(prediction)
                        bar.update()
            except ServiceError as error:
                error.partial = self._together(done)
                raise
        return self._together(done)

    def _together(self, predictions: Iterable[Prediction]) -> Predictions:
        settings: dict[str, Any] = self._settings.as_dict()
        return Predictions(predictions, settings=settings)
