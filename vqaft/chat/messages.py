"""Messages of a chat fine-tuning file, as strict models of what the providers accept."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer


class Strict(BaseModel):
    """Frozen, without conversions, and without a key that the providers do not know."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_serializer(mode="wrap")
    def _leave_out_none(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # `exclude_none` would reach into the dicts of tools, where null has a meaning.
        return {name: value for name, value in handler(self).items() if value is not None or self._null_counts(name)}

    def _null_counts(self, name: str) -> bool:
        return name == "content" and name in self.model_fields_set


Detail: TypeAlias = Literal["auto", "low", "high"]


def _no_boolean(weight: object) -> object:
    if isinstance(weight, bool):
        raise ValueError("the weight is true or false, not 1 or 0")  # noqa: TRY004 - pydantic takes no TypeError
    return weight


Weight: TypeAlias = Annotated[Literal[0, 1], BeforeValidator(_no_boolean)]


class TextPart(Strict):
    """A piece of text in a message."""

    type: Literal["text"] = "text"
    text: str


class ImageURL(Strict):
    """Where an image is: a `data:` URL, or a public `http(s)` URL; and how closely the model looks at it."""

    url: str
    detail: Detail | None = None


class ImagePart(Strict):
    """An image in a message of the user."""

    type: Literal["image_url"] = "image_url"
    image_url: ImageURL


ContentPart: TypeAlias = Annotated[TextPart | ImagePart, Field(discriminator="type")]


class SystemMessage(Strict):
    """What the model is told before the conversation."""

    role: Literal["system"] = "system"
    content: str | tuple[TextPart, ...]
    name: str | None = None


class DeveloperMessage(Strict):
    """The system message's newer name."""

    role: Literal["developer"] = "developer"
    content: str | tuple[TextPart, ...]
    name: str | None = None


class UserMessage(Strict):
    """What the user asks: text, images, or both."""

    role: Literal["user"] = "user"
    content: str | tuple[ContentPart, ...]
    name: str | None = None


class AssistantMessage(Strict):
    """What the model answers; `weight` 0 keeps an answer out of the training loss."""

    role: Literal["assistant"] = "assistant"
    content: str | tuple[TextPart, ...] | None = None
    name: str | None = None
    weight: Weight | None = None
    refusal: str | None = None
    tool_calls: tuple[dict[str, Any], ...] | None = None
    function_call: dict[str, Any] | None = None


class ToolMessage(Strict):
    """What a tool returned; left alone by vqaft."""

    role: Literal["tool"] = "tool"
    content: str | tuple[TextPart, ...]
    tool_call_id: str


class FunctionMessage(Strict):
    """What a function returned, in the older form that files of 2023 hold; left alone by vqaft."""

    role: Literal["function"] = "function"
    content: str | None
    name: str


Message: TypeAlias = Annotated[
    SystemMessage | DeveloperMessage | UserMessage | AssistantMessage | ToolMessage | FunctionMessage,
    Field(discriminator="role"),
]
