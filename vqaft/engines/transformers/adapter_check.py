"""Check that another server applies an adapter: some accept its files, and answer with the base model all the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import NonNegativeInt

from vqaft.data import VQAExample
from vqaft.errors import DataError, StateError
from vqaft.inference import ChatBackend, ChatSettings, Predictions, RequestBuilder, predict_models
from vqaft.typed import typed

MIN_TELLING = 2
"""Questions that base and adapter must answer differently for the check to mean anything."""


@dataclass(frozen=True, kw_only=True)
@typed
class AdapterCheck:
    """How a server's answers compare, on the questions that the base and the adapter answer differently at home.

    Attributes:
        questions: How many there are.
        as_adapter: How many the server answered as the adapter did at home.
        as_base: How many it answered as its own base model does.
    """

    questions: NonNegativeInt
    as_adapter: NonNegativeInt
    as_base: NonNegativeInt


def check_adapter(
    backend: ChatBackend,
    builder: RequestBuilder,
    examples: Iterable[VQAExample],
    *,
    base: str,
    adapter: str,
    local: Predictions,
    max_tokens: int | None = 64,
) -> AdapterCheck:
    """Ask a server's base model and its adapter, and compare with what the adapter answered at home.

    Args:
        backend: The server, e.g. `OpenAIBackend(OpenAI(base_url="http://host:8000/v1"))`.
        builder: Turns examples into messages; the one that made the training file.
        examples: 5 to 20 questions, e.g. of the validation data.
        base: Name of the base model there.
        adapter: Name of the adapter there.
        local: What the adapter answered at home, by `Predictor(...).predict(examples)`.
        max_tokens: The most tokens of an answer.

    Raises:
        StateError: If the server answers as if there were no adapter, or like neither, or not at all.
        DataError: If the questions cannot tell: the adapter answers them as the base does.
    """
    asked = list(examples)
    expected = {prediction.example_id: prediction.answer for prediction in local}
    settings = ChatSettings(model=adapter, temperature=0.0, max_tokens=max_tokens)
    plain, served = predict_models(backend, builder, asked, models=[base, adapter], settings=settings, progress=False)
    for predictions, name in ((plain, base), (served, adapter)):
        failed = next((prediction.failure for prediction in predictions if prediction.failure is not None), None)
        if failed is not None:
            raise StateError(f"{name!r} did not answer: {failed.message}")
    compared = [
        (expected.get(of_base.example_id), of_base.answer, of_adapter.answer)
        for of_base, of_adapter in zip(plain, served, strict=True)
    ]
    telling = [answers for answers in compared if answers[0] is not None and answers[0] != answers[1]]
    if len(telling) < MIN_TELLING:
        hint = "Choose questions that the adapter answers otherwise than the base does."
        raise DataError(f"{len(telling)} of {len(compared)} questions distinguish base and adapter", hint=hint)
    found = AdapterCheck(
        questions=len(telling),
        as_adapter=sum(wanted == given for wanted, _, given in telling),
        as_base=sum(given == of_base for _, of_base, given in telling),
    )
    hint = "Serve the merged model instead: vqaft export-model --merged."
    if found.as_base > found.as_adapter:
        message = f"the adapter is not applied: {found.as_base} of {found.questions} answers are the base model's"
        raise StateError(message, hint=hint)
    if 2 * found.as_adapter < found.questions:
        message = f"only {found.as_adapter} of {found.questions} answers are those that the adapter gives at home"
        raise StateError(message, hint="Compare base model, chat template, sampling settings and image sizes.")
    return found
