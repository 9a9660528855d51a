"""Preflight: the checks of a job's files, and what training on them costs, before anything is sent.

Sunset guard: whether a model can still be trained, and how long it will answer.
"""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar, runtime_checkable

from vqaft.check import check_files
from vqaft.cost import estimate_cost
from vqaft.errors import AuthenticationError, DataError, ModelRetiredError, QuotaError, ServiceError
from vqaft.providers import AZURE, CALENDAR, FIREWORKS, OPENAI, TOGETHER, ProviderLimits, Sunset
from vqaft.tuning.job import Hyperparameters

Said = TypeVar("Said")
USUAL_EPOCHS = 3
"""Assumed for the cost where the provider chooses the number of epochs and did not say how."""

_OWN_EPOCHS: Mapping[str, int] = {"together": 1}

_LIMITS: Mapping[str, ProviderLimits] = {"azure": AZURE, "together": TOGETHER, "fireworks": FIREWORKS}


def provider_of(backend: object) -> str | None:
    """Return which provider a backend says it is: "openai", "azure", "together", "fireworks"; None for another."""
    provider = getattr(backend, "provider", None)
    return provider if isinstance(provider, str) else None


def check_rows(train: Path, validation: Path | None, *, provider: str | None) -> None:
    """Check the files of a job against the limits of the provider; OpenAI's for one that is not known.

    Raises:
        RecordError: If a row is not what the provider accepts; all rows at fault are named.
        DataError: If a file cannot be read.
    """
    paths = {"train": train, **({} if validation is None else {"validation": validation})}
    check_files(paths, limits=_LIMITS.get(provider or "", OPENAI)).raise_for_errors()


def cost_in_words(train: Path, *, model: str, hyperparameters: Hyperparameters, provider: str) -> str | None:
    """Return what training costs; None where the model's prices or its rule for images are not known.

    Args:
        train: The training file.
        model: The base model.
        hyperparameters: For the number of epochs; three are assumed where the provider chooses, and did not say how.
        provider: Who trains.
    """
    chosen = hyperparameters.n_epochs
    epochs = _OWN_EPOCHS.get(provider, USUAL_EPOCHS) if chosen == "auto" else chosen
    try:
        return str(estimate_cost(train, model=model, epochs=epochs))
    except DataError:
        return None


WARN_DAYS = 120
"""A model that is shut down within so many days is warned of before it is trained."""


@runtime_checkable
class ModelsBackend(Protocol):
    """What a service must be able to do to be asked about a model's retirement."""

    def shutdown_date(self, model: str) -> dt.date | None:
        """Return the day on which a model stops answering; None where it is not announced."""
        ...

    def refuses_training(self, model: str) -> str | None:
        """Return why this account may not train the model; None where it may, or the service does not say."""
        ...


class SunsetGuard:
    """Refuses models that can no longer be trained, and warns of those that will soon stop answering.

    Args:
        backend: The service; asked for its own dates where it is a `ModelsBackend`.
        account: The service's address.
        calendar: What providers announced.
        today: Returns the day; another one in tests.
    """

    def __init__(
        self,
        backend: object,
        *,
        account: str,
        calendar: Sequence[Sunset] = CALENDAR,
        today: Callable[[], dt.date] = dt.date.today,
    ) -> None:
        self._backend = backend
        self._account = account
        self._calendar = calendar
        self._today = today

    def check(self, model: str) -> None:
        """Check a model before anything is uploaded or paid.

        Args:
            model: The model that is to be trained.

        Raises:
            ModelRetiredError: If it cannot be trained any more.
        """
        known = [sunset for sunset in self._calendar if sunset.concerns(self._account, model)]
        ends = [(sunset.training_ends, sunset.source) for sunset in known if sunset.training_ends is not None]
        stops = [(sunset.shuts_down, sunset.source) for sunset in known if sunset.shuts_down is not None]
        own, refusal = self._own_word(model)
        if refusal:
            raise ModelRetiredError(f"{model} cannot be trained with this account: {refusal}", hint=_HINT)
        if own is not None:
            stops = [(own, "the service itself")]
        self._refuse_if_past(model, [*ends, *stops])
        self._warn_if_near(model, stops)

    def _refuse_if_past(self, model: str, days: Sequence[tuple[dt.date, str]]) -> None:
        for day, source in days:
            if self._today() > day:
                raise ModelRetiredError(f"{model} cannot be trained since {day} ({source})", hint=_HINT)

    def _warn_if_near(self, model: str, days: Sequence[tuple[dt.date, str]]) -> None:
        for day, source in days:
            left = (day - self._today()).days
            if left <= WARN_DAYS:
                text = f"{model}, and what is tuned on it, stops answering on {day}, in {left} days ({source})"
                warnings.warn(text, stacklevel=5)

    def _own_word(self, model: str) -> tuple[dt.date | None, str | None]:
        if not isinstance(self._backend, ModelsBackend):
            return None, None
        return _if_said(self._backend.shutdown_date, model), _if_said(self._backend.refuses_training, model)


def _if_said(ask: Callable[[str], Said | None], model: str) -> Said | None:
    """Ask a service; not every one has these routes, or knows its base models by the names that it trains."""
    try:
        return ask(model)
    except (AuthenticationError, QuotaError):
        raise
    except ServiceError:
        return None


_HINT = "Azure OpenAI, Together, Fireworks and your own machine accept the same training file."
