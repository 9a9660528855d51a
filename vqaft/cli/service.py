"""Services that commands reach, by the environment variables that the providers' own packages read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vqaft.errors import VqaftError
from vqaft.tuning import FineTuneClient

if TYPE_CHECKING:
    from vqaft.backends import OpenAIBackend


def backend() -> OpenAIBackend:
    """Return the service of OPENAI_API_KEY, and of OPENAI_BASE_URL where it is not OpenAI's.

    Raises:
        VqaftError: If there is no key.
    """
    from openai import OpenAI, OpenAIError

    from vqaft.backends import OpenAIBackend

    try:
        return OpenAIBackend(OpenAI())
    except OpenAIError as error:
        raise VqaftError(str(error)) from None


def tuning(ledger: Path | None = None) -> FineTuneClient:
    """Return a client for fine-tuning jobs.

    Args:
        ledger: Where uploads and jobs are recorded; by default in `.vqaft` below the working folder.
    """
    return FineTuneClient(backend(), ledger=ledger)
