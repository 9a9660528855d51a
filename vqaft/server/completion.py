"""Answers a chat completion, for a request or a line of a batch."""

from __future__ import annotations

import time

from vqaft.errors import DataError
from vqaft.server.api_error import ApiError
from vqaft.server.chat_request import ChatBody
from vqaft.server.documents import Document
from vqaft.server.engines import ChatAnswer
from vqaft.server.shelf import Shelf
from vqaft.server.state import new_id


def complete(shelf: Shelf, body: ChatBody) -> Document:
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
