"""Answers a chat completion, for a request or a line of a batch.

What a chat completion may be asked for.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vqaft.chat import Message
from vqaft.engines import ChatAnswer, ChatTurn
from vqaft.errors import DataError
from vqaft.server.http.errors import ApiError
from vqaft.server.models.model_cache import ModelCache
from vqaft.server.store.documents import Document
from vqaft.server.store.state import new_id


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


def complete(shelf: ModelCache, body: ChatBody) -> Document:
    """Answer a chat completion.

    Args:
        shelf: The models that can be asked.
        body: What is asked.

    Raises:
        ApiError: 404 if there is no such model, 400 if the conversation cannot be answered.
    """
    if body.stream:
        raise ApiError(400, "This server does not stream; leave `stream` out.", param="stream")
    model = shelf.model(body.model)
    try:
        answer = model.answer(body.turn())
    except DataError as error:
        raise ApiError(400, str(error), param="messages", code="invalid_image") from error
    return {
        "id": new_id("chatcmpl-"),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body.model,
        "choices": [_choice(answer, index) for index in range(body.n or 1)],
        "usage": {
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.completion_tokens,
            "total_tokens": answer.prompt_tokens + answer.completion_tokens,
        },
    }


def _choice(answer: ChatAnswer, index: int) -> Document:
    message = {"role": "assistant", "content": answer.text, "refusal": None}
    return {"index": index, "message": message, "finish_reason": answer.finish_reason, "logprobs": None}
