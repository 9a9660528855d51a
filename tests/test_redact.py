"""What looks like a credential does not leave through an error's text."""

from __future__ import annotations

import pytest

from vqaft.errors import ServiceError
from vqaft.redact import redact

SECRET = "abcDEF0123456789xyz"


@pytest.mark.parametrize(
    "text",
    [
        f"headers: Authorization: Bearer {SECRET}",
        f"Basic {SECRET}==",
        f"invalid key sk-{SECRET}",
        f"sk-proj-{SECRET}",
        f"fw_{SECRET}",
        f"hf_{SECRET}",
        f"tgp_v1_{SECRET}",
        f'{{"api_key": "{SECRET}"}}',
        f"api-key={SECRET}&x=1",
        f"https://me:{SECRET}@proxy.example/x",
        f"password: {SECRET}",
    ],
)
def test_no_credential_stays(text: str) -> None:
    assert SECRET not in redact(text)
    assert SECRET not in str(ServiceError(text))
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    "text",
    ["the key is wrong", "token limit", "row 3: task-123456789012345 is missing", "a bearer of news", "x://y/z@w"],
)
def test_plain_words_stay(text: str) -> None:
    assert redact(text) == text
