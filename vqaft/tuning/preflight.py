"""What is looked at before anything is sent: the rows of the files, and what training on them costs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vqaft.check import check_files
from vqaft.cost import estimate_cost
from vqaft.errors import DataError
from vqaft.providers import AZURE, FIREWORKS, OPENAI, TOGETHER, ProviderLimits
from vqaft.tuning.job import Hyperparameters

USUAL_EPOCHS = 3
_OWN_EPOCHS: Mapping[str, int] = {"together.": 1}

_LIMITS: Mapping[str, ProviderLimits] = {".azure.com": AZURE, "together.": TOGETHER, "fireworks.ai": FIREWORKS}


def limits_of(account: str) -> ProviderLimits:
    """Give the limits of the service at an address; OpenAI's for one that is not known.

    Args:
        account: A backend's `account`.
    """
    address = account.partition("#")[0]
    return next((limits for part, limits in _LIMITS.items() if part in address), OPENAI)


def check_rows(train: Path, validation: Path | None, *, account: str) -> None:
    """Check the files of a job against the limits of the service that they are for.

    Raises:
        RecordError: If a row is not what the service accepts; all rows at fault are named.
        DataError: If a file cannot be read.
    """
    paths = {"train": train, **({} if validation is None else {"validation": validation})}
    check_files(paths, limits=limits_of(account)).raise_for_errors()


def cost_in_words(train: Path, *, model: str, hyperparameters: Hyperparameters, account: str) -> str | None:
    """Say what training costs; None where the model's prices or its rule for images are not known.

    Args:
        train: The training file.
        model: The base model.
        hyperparameters: For the number of epochs; three are assumed where the service chooses, and did not say how.
        account: A backend's `account`.
    """
    chosen = hyperparameters.n_epochs
    usual = next((epochs for part, epochs in _OWN_EPOCHS.items() if part in account), USUAL_EPOCHS)
    epochs = usual if chosen == "auto" else chosen
    try:
        return str(estimate_cost(train, model=model, epochs=epochs))
    except DataError:
        return None
