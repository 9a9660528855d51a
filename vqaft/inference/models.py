"""Asking several models the same questions in one run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from os import PathLike

from vqaft.data import VQAExample
from vqaft.inference.asking import Asker, RequestBuilder
from vqaft.inference.chat import ChatBackend
from vqaft.inference.chat_settings import ChatSettings
from vqaft.inference.journal import Journal
from vqaft.inference.predictions import Predictions
from vqaft.inference.predictor import paced
from vqaft.inference.run import Question, run


def predict_models(
    backend: ChatBackend,
    builder: RequestBuilder,
    examples: Iterable[VQAExample],
    *,
    models: Sequence[str],
    settings: ChatSettings | None = None,
    workers: int = 32,
    journal: str | PathLike[str] | None = None,
    progress: bool = True,
) -> tuple[Predictions, ...]:
    """Ask several models, e.g. base and tuned, the same questions.

    The requests alternate between the models, example by example, so that whatever the service goes through meanwhile
    meets them alike.

    Args:
        backend: The service.
        builder: Turns examples into messages.
        examples: What to ask about.
        models: The models' names.
        settings: What to ask with; the model in it does not matter.
        workers: The most requests at once.
        journal: As in `Predictor.predict`.
        progress: Whether to show a progress bar.

    Returns:
        Predictions for each model, in the order of the models; each in the order of the examples.

    Raises:
        ServiceError: If no further request can succeed.
        StateError: If another process works on the journal, or the disk is full.
    """
    common = settings or ChatSettings(model="")
    shared = paced(backend, workers)
    askers = [Asker(shared, builder, replace(common, model=model)) for model in models]
    questions = [Question(asker=asker, example=example) for example in examples for asker in askers]
    with Journal(journal) if journal is not None else nullcontext() as kept:
        found = run(questions, workers=workers, journal=kept, label=", ".join(models), progress=progress)
    return tuple(
        Predictions(found[start :: len(askers)], settings=asker.settings.as_dict())
        for start, asker in enumerate(askers)
    )
