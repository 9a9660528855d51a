"""The rows of a chat fine-tuning file, as the providers accept them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Detail: TypeAlias = Literal["auto", "low", "high"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TextPart(_Strict):
    """A piece of text in a message."""

    type: Literal["text"] = "text"
    text: str


class ImageURL(_Strict):
    """Where an image is: a `data:` URL, or a public `http(s)` URL; and how closely the model looks at it."""

    url: str
    detail: Detail | None = None


class ImagePart(_Strict):
    """An image in a message of the user."""

    type: Literal["image_url"] = "image_url"
    image_url: ImageURL


ContentPart: TypeAlias = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class SystemMessage(_Strict):
    """What the model is told before the conversation."""

    role: Literal["system"] = "system"
    content: str | tuple[TextPart, ...]
    name: str | None = None


class DeveloperMessage(_Strict):
    """The system message's newer name."""

    role: Literal["developer"] = "developer"
    content: str | tuple[TextPart, ...]
    name: str | None = None


class UserMessage(_Strict):
    """What the user asks: text, images, or both."""

    role: Literal["user"] = "user"
    content: str | tuple[ContentPart, ...]
    name: str | None = None


class AssistantMessage(_Strict):
    """What the model answers; `weight` 0 keeps an answer out of the training loss."""

    role: Literal["assistant"] = "assistant"
    content: str | tuple[TextPart, ...] | None = None
    name: str | None = None
    weight: Literal[0, 1] | None = None
    refusal: str | None = None
    tool_calls: tuple[dict[str, Any], ...] | None = None


class ToolMessage(_Strict):
    """What a tool returned; left alone by vqaft."""

    role: Literal["tool"] = "tool"
    content: str | tuple[TextPart, ...]
    tool_call_id: str


Message: TypeAlias = Annotated[
    SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")
]


class ChatRecord(_Strict):
    """One row: a conversation whose assistant messages are trained on."""

    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] | None = None
    parallel_tool_calls: bool | None = None

    def to_json(self) -> bytes:
        """Give the row as one line of JSON, without the newline; keys that were not given are left out."""
        return self.model_dump_json(exclude_unset=False, exclude_none=True).encode()

    @classmethod
    def from_json(cls, line: bytes | str) -> ChatRecord:
        """Read a row from one line of JSON.

        Args:
            line: The line, with or without its newline.

        Raises:
            pydantic.ValidationError: If the line is not a row.
        """
        return cls.model_validate_json(line)
