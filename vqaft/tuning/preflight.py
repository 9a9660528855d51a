"""Preflight: the checks of a job's files, and what training on them costs, before anything is sent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vqaft.check import check_files
from vqaft.cost import estimate_cost
from vqaft.errors import DataError
from vqaft.providers import AZURE, FIREWORKS, OPENAI, TOGETHER, ProviderLimits
from vqaft.tuning.job import Hyperparameters

USUAL_EPOCHS = 3
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
