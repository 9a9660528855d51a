"""Services that commands reach, by the environment variables that the providers' own packages read."""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vqaft.backends import FireworksBackend, OpenAIBackend, TogetherBackend
from vqaft.cli.options import Provider, limits_of
from vqaft.cli.terminal import say
from vqaft.errors import MissingExtraError, ServiceError, VqaftError
from vqaft.service import RetryPolicy
from vqaft.tuning import FineTuneClient

Backend = OpenAIBackend | TogetherBackend | FireworksBackend

_SERVICES: dict[str, tuple[str, str, str, Callable[[Any], Backend]]] = {
    "openai": ("openai", "OpenAI", "OpenAIError", OpenAIBackend),
    "azure": ("openai", "AzureOpenAI", "OpenAIError", OpenAIBackend),
    "together": ("together", "Together", "TogetherError", TogetherBackend),
    "fireworks": ("fireworks", "Fireworks", "FireworksError", FireworksBackend),
}
"""For each provider its package, the client there, the package's error, and our adapter."""

_NOTICE_EVERY_S = 10.0


@dataclass(frozen=True, kw_only=True)
class ServiceOptions:
    """Which service is asked."""

    provider: Provider = "openai"

    def backend(self) -> Backend:
        """Return the service, with the key and address of the environment.

        These are OPENAI_API_KEY and OPENAI_BASE_URL; AZURE_OPENAI_API_KEY, AZURE_OPENAI_ENDPOINT and
        OPENAI_API_VERSION; TOGETHER_API_KEY; FIREWORKS_API_KEY and FIREWORKS_ACCOUNT_ID.

        Raises:
            MissingExtraError: If the provider's package is not installed.
            VqaftError: If there is no key, or something else that the client needs is missing.
        """
        limits_of(self.provider)
        package, client, refusal, adapter = _SERVICES[self.provider]
        try:
            sdk = importlib.import_module(package)
        except ImportError as error:
            raise MissingExtraError(package, extra=self.provider) from error
        try:
            return adapter(getattr(sdk, client)())
        except (getattr(sdk, refusal), ValueError) as error:
            if isinstance(error, VqaftError):
                raise
            raise VqaftError(str(error)) from None

    def tuning(self) -> FineTuneClient:
        """Return a client for fine-tuning jobs, with its ledger in `.vqaft` below the working folder."""
        return FineTuneClient(self.backend(), retry=RetryPolicy(on_wait=WaitNotice()))


class WaitNotice:
    """Prints to standard error that a service does not answer, at most every ten seconds."""

    def __init__(self) -> None:
        self._said_at = -math.inf

    def __call__(self, error: ServiceError, wait_s: float) -> None:
        """Print a notice, unless one was printed in the last ten seconds.

        Args:
            error: What went wrong.
            wait_s: Seconds until the next attempt.
        """
        now = time.monotonic()
        if now - self._said_at >= _NOTICE_EVERY_S:
            self._said_at = now
            say(f"waiting for the service, next attempt in {max(1, round(wait_s))} s: {error.message}", err=True)
