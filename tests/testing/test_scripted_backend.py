"""A backend that follows its script and remembers what it was asked."""

from __future__ import annotations

import pytest

from vqaft.errors import DataError, RateLimitError
from vqaft.inference import ChatReply, ChatRequest
from vqaft.testing import ScriptedBackend

REQUEST = ChatRequest(model="m", messages=b"[]")


def test_follows_its_script_and_stays_with_the_last_entry() -> None:
    reply = ChatReply(text=None, refusal="I will not.")
    backend = ScriptedBackend(["yes", RateLimitError("slow down"), reply])
    assert backend.complete(REQUEST).text == "yes"
    with pytest.raises(RateLimitError):
        backend.complete(REQUEST)
    assert backend.complete(REQUEST) is backend.complete(REQUEST) is reply
    assert backend.requests == [REQUEST] * 4


def test_an_empty_script_says_so_when_it_is_asked() -> None:
    backend = ScriptedBackend([])
    for count in (1, 2):
        with pytest.raises(DataError, match="nothing to say"):
            backend.complete(REQUEST)
        assert len(backend.requests) == count
