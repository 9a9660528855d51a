"""The rows of a chat fine-tuning file and their messages, as strict models of what the providers accept.

Rows remember the bytes they were read from or built with.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    model_serializer,
)


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


class Row(Strict):
    """What all rows share: JSON in and out, byte for byte where nothing was changed."""

    _pieces: tuple[bytes, ...] | None = PrivateAttr(default=None)
    _example_ids: tuple[str, ...] = PrivateAttr(default=())

    @property
    def example_ids(self) -> tuple[str, ...]:
        """The examples that the row was built from; empty where it was read from a file."""
        return self._example_ids

    def to_json(self) -> bytes:
        """Return the row as one line of JSON, without the newline.

        A row that was read gives exactly the bytes it was read from. Otherwise keys that are None are left out, but for
        a `content` that was set to null.
        """
        return b"".join(self.json_pieces())

    def json_pieces(self) -> tuple[bytes, ...]:
        """Return the line of `to_json` in pieces, so that images can be written without a copy."""
        return (self.model_dump_json().encode(),) if self._pieces is None else self._pieces

    @classmethod
    def from_json(cls, line: bytes | str) -> Self:
        """Read a row from one line of JSON.

        Args:
            line: The line, with or without its newline.

        Raises:
            pydantic.ValidationError: If the line is not a row.
        """
        return cls.model_validate_json(line).with_pieces(line.encode() if isinstance(line, str) else line)

    def with_pieces(self, *pieces: bytes, example_ids: tuple[str, ...] = ()) -> Self:
        """Return the same row with the bytes to write it by; whoever calls this vouches that they say the same.

        Args:
            pieces: The line, with or without its newline.
            example_ids: The examples that the row was built from.
        """
        row = super().model_copy()
        row._pieces = (*pieces[:-1], pieces[-1].removesuffix(b"\n"))  # noqa: SLF001 - another of this class
        row._example_ids = example_ids  # noqa: SLF001 - as above
        return row

    def model_copy(self, *, update: dict[str, Any] | None = None, deep: bool = False) -> Self:  # type: ignore[override]
        """Copy the row; a change drops the remembered bytes. See pydantic's `model_copy`."""
        copy = super().model_copy(update=update, deep=deep)
        copy._pieces = None if update or deep else self._pieces  # noqa: SLF001 - as above
        return copy

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]


class ChatRecord(Row):
    """One row: a conversation whose assistant messages are trained on."""

    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] | None = None
    parallel_tool_calls: bool | None = None
    functions: tuple[dict[str, Any], ...] | None = None


class PreferenceInput(Strict):
    """The conversation that two answers are given to."""

    messages: tuple[Message, ...]
    tools: tuple[dict[str, Any], ...] | None = None
    parallel_tool_calls: bool | None = None


class PreferenceRecord(Row):
    """One row for preference tuning (DPO): a conversation, the better answer, the worse one. Text only at OpenAI.

    The keys are those of the API's own specification; files by the guide's names (`preferred_output`) are read too.
    """

    input: PreferenceInput
    preferred_completion: tuple[AssistantMessage, ...] | None = None
    non_preferred_completion: tuple[AssistantMessage, ...] | None = None
    preferred_output: tuple[AssistantMessage, ...] | None = None
    non_preferred_output: tuple[AssistantMessage, ...] | None = None
