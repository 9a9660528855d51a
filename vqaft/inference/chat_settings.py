"""What a model is asked with, beside the messages."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from vqaft.inference.chat import ChatRequest


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
