"""What a chat completion may be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vqaft.records import Message
from vqaft.server.engines import ChatTurn


class JsonSchemaBody(BaseModel):
    """A JSON schema that the answer must fit."""

    name: str
    json_schema: Mapping[str, Any] = Field(default_factory=dict, alias="schema")


class ResponseFormatBody(BaseModel):
    """The form of the answer."""

    type: str
    json_schema: JsonSchemaBody | None = None


class ChatBody(BaseModel):
    """The body of a request for a chat completion; what the engines know nothing of is left aside."""

    model_config = ConfigDict(extra="ignore")

    model: str
    messages: Annotated[tuple[Message, ...], Field(min_length=1)]
    response_format: ResponseFormatBody | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    seed: int | None = None
    n: Annotated[int, Field(ge=1, le=8)] | None = None
    stream: bool | None = None

    def turn(self) -> ChatTurn:
        """Give what the engine is asked."""
        return ChatTurn(
            messages=self.messages,
            response_schema=self._schema(),
            max_tokens=self.max_completion_tokens or self.max_tokens,
            temperature=self.temperature,
            seed=self.seed,
        )

    def _schema(self) -> Mapping[str, Any] | None:
        if self.response_format is None or self.response_format.type == "text":
            return None
        named = self.response_format.json_schema
        return {"type": "object"} if named is None else named.json_schema
