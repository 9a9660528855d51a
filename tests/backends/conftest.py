"""What the tests of the adapters share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from fireworks import Fireworks
from openai import AzureOpenAI, OpenAI
from together import Together

from vqaft.backends import FireworksBackend, OpenAIBackend, TogetherBackend

KEY = "sk-canary-0123456789"
OPENAI = "https://api.openai.com/v1"
AZURE = "https://me.openai.azure.com"
TOGETHER = "https://api.together.ai/v1"
FIREWORKS = "https://api.fireworks.ai"


@pytest.fixture
def openai_backend() -> OpenAIBackend:
    # respx sees classic httpx only, which openai 3 still takes.
    http_client: Any = httpx.Client()
    return OpenAIBackend(OpenAI(api_key=KEY, http_client=http_client))


@pytest.fixture
def azure_backend() -> OpenAIBackend:
    http_client: Any = httpx.Client()
    client = AzureOpenAI(api_key=KEY, azure_endpoint=AZURE, api_version="2024-10-21", http_client=http_client)
    return OpenAIBackend(client)


@pytest.fixture
def together_backend() -> TogetherBackend:
    return TogetherBackend(Together(api_key=KEY))


@pytest.fixture
def fireworks_backend() -> FireworksBackend:
    return FireworksBackend(Fireworks(api_key=KEY, account_id="me"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "train.jsonl"
    path.write_bytes(b'{"messages":[]}\n' * 3)
    return path
