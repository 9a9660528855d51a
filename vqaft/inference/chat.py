"""One question to a chat model, and its reply; the seam to the service.

What a model is asked with, beside the messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import orjson


@dataclass(frozen=True, kw_only=True)
class ChatRequest:
    """A chat completion to ask for.

    Attributes:
        model: The model's name.
        messages: The messages as a JSON array in bytes, built once and sent as they are.
        temperature: 0 to 2; left to the provider where None.
        max_tokens: The most tokens to answer with; left to the provider where None.
        seed: For repeatable answers as far as the provider can; none where None.
        response_format: The `response_format` of structured output; none where None.
    """

    model: str
    messages: bytes = field(repr=False)
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None
    response_format: Mapping[str, Any] | None = None

    def body(self, *, limit_name: str = "max_completion_tokens") -> bytes:
        """Give the body of the HTTP request, in JSON.

        Args:
            limit_name: What the service calls `max_tokens`.
        """
        settings = {
            "model": self.model,
            "temperature": self.temperature,
            limit_name: self.max_tokens,
            "seed": self.seed,
            "response_format": self.response_format,
        }
        head = orjson.dumps({name: value for name, value in settings.items() if value is not None})
        return head[:-1] + b',"messages":' + self.messages + b"}"


@dataclass(frozen=True, kw_only=True)
class ChatReply:
    """What came back.

    Attributes:
        text: The answer; None where the model gave none.
        finish_reason: "stop", "length", "content_filter", or what the provider adds.
        refusal: The model's words where it refused.
        model: The model that answered, by the provider's full name.
        prompt_tokens: Tokens billed for the request; None where not said.
        completion_tokens: Tokens billed for the answer; None where not said.
        pause_s: Seconds until the service takes the next request, where it says that its allowance is used up.
    """

    text: str | None
    finish_reason: str | None = None
    refusal: str | None = None
    model: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    pause_s: float | None = None


class ChatBackend(Protocol):
    """What a service must be able to do to be asked."""

    def complete(self, request: ChatRequest) -> ChatReply:
        """Make one request, never repeated here.

        Raises:
            ServiceError: Of the kind that says whether trying again can help.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class ChatSettings:
    """What a model is asked with, beside the messages.

    Attributes:
        model: The model's name.
        temperature: 0 to 2; left to the provider where None.
        max_tokens: The most tokens of an answer; left to the provider where None.
        seed: For repeatable answers as far as the provider can; none where None.
    """

    model: str
    temperature: float | None = 0.0
    max_tokens: int | None = 300
    seed: int | None = None

    def request(self, messages: bytes) -> ChatRequest:
        """Make a request of the messages, a JSON array in bytes."""
        return ChatRequest(messages=messages, **self.as_dict())

    def as_dict(self) -> dict[str, Any]:
        """Give the settings by name, to be recorded."""
        return asdict(self)
