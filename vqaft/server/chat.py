"""Chat completions: the request, its bounds, and the response of a model; for requests and for lines of a batch.

A conversation is bounded before a model sees it: characters, and number, format, bytes and pixels of images.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import orjson
from anyio import CapacityLimiter, to_thread
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from vqaft.chat import ImagePart, Message
from vqaft.engines import ChatAnswer, ChatModel, ChatTurn, StreamingModel
from vqaft.errors import DataError, ImageError, SchemaError, StateError
from vqaft.images import InputLimits, inspect_data_url
from vqaft.server.http.errors import ApiError
from vqaft.server.http.requests import as_list, parse_body, read_page, resource
from vqaft.server.models import ModelCache
from vqaft.server.store.documents import Document
from vqaft.server.store.state import State, new_id

IMAGE_LIMITS = InputLimits(max_bytes=20_000_000, max_pixels=40_000_000)

MAX_IMAGES = 64

MAX_CHARACTERS = 1_000_000
"""Text of a conversation; more is refused as too long for any context."""


def check_bounds(messages: Sequence[Message]) -> int:
    """Refuse a conversation with too much text, or with an image that no model should be given.

    Args:
        messages: The conversation.

    Returns:
        The pixels of its images.

    Raises:
        ApiError: 400, naming the message.
    """
    characters = images = pixels = 0
    for place, turn in enumerate(messages):
        content = turn.content or ()
        parts = content if not isinstance(content, str) else ()
        characters += len(content) if isinstance(content, str) else 0
        for part in parts:
            if isinstance(part, ImagePart):
                images += 1
                pixels += _pixels(part.image_url.url, f"messages.{place}")
            else:
                characters += len(part.text)
    if characters > MAX_CHARACTERS:
        message = f"The conversation has {characters} characters, more than {MAX_CHARACTERS}."
        raise ApiError(400, message, param="messages", code="context_length_exceeded")
    if images > MAX_IMAGES:
        message = f"There are {images} images, more than {MAX_IMAGES}."
        raise ApiError(400, message, param="messages", code="invalid_image")
    return pixels


def _pixels(url: str, param: str) -> int:
    try:
        return inspect_data_url(url, IMAGE_LIMITS).pixels
    except ImageError as error:
        raise ApiError(400, f"The image {error}.", param=param, code="invalid_image") from error


class JsonSchemaBody(BaseModel):
    """A JSON schema that the answer must fit."""

    name: str
    json_schema: Mapping[str, Any] = Field(default_factory=dict, alias="schema")


class ResponseFormatBody(BaseModel):
    """The form of the answer."""

    type: str
    json_schema: JsonSchemaBody | None = None


class StreamOptionsBody(BaseModel):
    """What a stream contains beside the answer."""

    include_usage: bool | None = None


class ChatBody(BaseModel):
    """The body of a request for a chat completion; fields that engines do not use are ignored."""

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
    stream_options: StreamOptionsBody | None = None

    def turn(self) -> ChatTurn:
        """Return what the engine is asked."""
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


def complete(models: ModelCache, body: ChatBody) -> Document:
    """Answer a chat completion.

    Args:
        models: The models that answer.
        body: The request.

    Raises:
        ApiError: 404 if there is no such model, 400 if the conversation cannot be answered, 503 if the model cannot
            answer at the moment.
    """
    if body.stream:
        raise ApiError(400, "A line of a batch cannot be streamed; leave `stream` out.", param="stream")
    *_, answer = _pieces(models, body)
    assert isinstance(answer, ChatAnswer)  # noqa: S101 - the last piece is the whole answer
    choices = [_choice(answer, index) for index in range(body.n or 1)]
    return {**_head(body, "chat.completion"), "choices": choices, "usage": _usage(answer)}


def stream_completion(models: ModelCache, body: ChatBody) -> Iterator[bytes]:
    """Answer a chat completion as server-sent events; a model that cannot stream sends its answer in one piece.

    Args:
        models: The models that answer.
        body: The request.

    Yields:
        Events with the role, pieces of the text, the reason for the end, the usage if asked for, and `[DONE]`.

    Raises:
        ApiError: As for `complete`, before the first event.
    """
    pieces = _pieces(models, body)
    head, places = _head(body, "chat.completion.chunk"), range(body.n or 1)
    piece = next(pieces)
    yield _event(head, [_delta(index, role="assistant", content="") for index in places])
    while isinstance(piece, str):
        yield _event(head, [_delta(index, content=piece) for index in places])
        piece = next(pieces)
    yield _event(head, [{**_delta(index), "finish_reason": piece.finish_reason} for index in places])
    if body.stream_options is not None and body.stream_options.include_usage:
        yield _event({**head, "usage": _usage(piece)}, [])
    yield b"data: [DONE]\n\n"


def _pieces(models: ModelCache, body: ChatBody) -> Iterator[str | ChatAnswer]:
    """Yield pieces of the answer if it is streamed, then the whole answer."""
    pixels = check_bounds(body.messages)
    model = models.model(body.model)
    try:
        with models.pixels.reserved(pixels):
            yield from _answered(model, body.turn(), stream=bool(body.stream))
    except ImageError as error:
        raise ApiError(400, str(error), param="messages", code="invalid_image") from error
    except SchemaError as error:
        raise ApiError(400, str(error), param="response_format", code="invalid_json_schema") from error
    except DataError as error:
        raise ApiError(400, str(error), param="messages", code="invalid_request") from error
    except StateError as error:
        message = f"The model cannot answer at the moment: {error.message}."
        raise ApiError(503, message, param="model", code="model_unavailable") from error


def _answered(model: ChatModel, turn: ChatTurn, *, stream: bool) -> Iterator[str | ChatAnswer]:
    if stream and isinstance(model, StreamingModel):
        yield from model.stream(turn)
        return
    answer = model.answer(turn)
    if stream and answer.text:
        yield answer.text
    yield answer


def _head(body: ChatBody, kind: str) -> Document:
    return {"id": new_id("chatcmpl-"), "object": kind, "created": int(time.time()), "model": body.model}


def _usage(answer: ChatAnswer) -> Document:
    return {
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
        "total_tokens": answer.prompt_tokens + answer.completion_tokens,
    }


def _event(head: Document, choices: list[Document]) -> bytes:
    return b"data: " + orjson.dumps({**head, "choices": choices}) + b"\n\n"


def _delta(index: int, **delta: str) -> Document:
    return {"index": index, "delta": delta, "finish_reason": None, "logprobs": None}


def _choice(answer: ChatAnswer, index: int) -> Document:
    message = {"role": "assistant", "content": answer.text, "refusal": None}
    return {"index": index, "message": message, "finish_reason": answer.finish_reason, "logprobs": None}


ANSWERED_AT_ONCE = 32
"""Chat completions that are answered concurrently; they have threads of their own, so that other routes do not wait."""


def chat_routes(state: State, models: ModelCache) -> list[Route]:
    """Return the routes.

    Args:
        state: The server's state.
        models: The models that answer.
    """
    answering = CapacityLimiter(ANSWERED_AT_ONCE)

    async def create(request: Request) -> Response:
        body = parse_body(await request.body(), ChatBody)
        if body.stream:
            events = await to_thread.run_sync(_begun, stream_completion(models, body), limiter=answering)
            return StreamingResponse(events, media_type="text/event-stream")
        return JSONResponse(await to_thread.run_sync(complete, models, body, limiter=answering))

    def listing(request: Request) -> Response:
        page = read_page(request, state.documents, "completion")  # none is ever stored: the list is empty
        return JSONResponse(as_list(page, page.documents))

    return [resource("/chat/completions", get=listing, post=create)]


def _begun(events: Iterator[bytes]) -> Iterator[bytes]:
    """Wait for the first event, so that a refused request gets a status of its own."""
    return itertools.chain([next(events)], events)
