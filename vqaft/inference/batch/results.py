"""Batch results: the lines of a batch's output and error files as predictions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from vqaft.inference.chat import ChatReply
from vqaft.inference.outcome import outcome_of_reply
from vqaft.inference.predictions import Failure, FailureKind, Prediction

_TRANSIENT_CODES = frozenset({"batch_expired", "batch_cancelled", "server_error", "rate_limit_exceeded"})


def read_results(content: bytes, *, model: str) -> Iterator[tuple[str, Prediction]]:
    """Read an output or error file; lines that are not results are ignored, their requests count as unanswered.

    Args:
        content: The file.
        model: The model that was asked.

    Yields:
        The custom id and what became of the request; its example's id is left empty. Requests that another attempt
        may answer have a failure of the kind "unreachable" or "rate_limit".
    """
    for line in content.split(b"\n"):
        value = _loaded(line)
        custom_id = value.get("custom_id")
        if isinstance(custom_id, str) and custom_id:
            yield custom_id, _prediction(value, model)


def _loaded(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _prediction(value: dict[str, Any], model: str) -> Prediction:
    response = _mapping(value.get("response"))
    body = _mapping(response.get("body"))
    status, choices = _whole(response.get("status_code")) or 0, body.get("choices")
    if status != HTTPStatus.OK or not isinstance(choices, list) or not choices:
        return Prediction(example_id="", model=model, failure=_failure(value.get("error") or body.get("error"), status))
    choice, usage = _mapping(choices[0]), _mapping(body.get("usage"))
    message = _mapping(choice.get("message"))
    reply = ChatReply(
        text=_text(message.get("content")),
        finish_reason=_text(choice.get("finish_reason")),
        refusal=_text(message.get("refusal")),
    )
    outcome = outcome_of_reply(reply)
    return Prediction(
        example_id="",
        model=model,
        answer=outcome if isinstance(outcome, str) else None,
        failure=outcome if isinstance(outcome, Failure) else None,
        prompt_tokens=_whole(usage.get("prompt_tokens")),
        completion_tokens=_whole(usage.get("completion_tokens")),
    )


def _failure(error: Any, status: int) -> Failure:
    given = _mapping(error)
    code, words = str(given.get("code") or "")[:200], str(given.get("message") or "")[:2000]
    message = ": ".join(part for part in (code, words) if part) or f"the request was answered with status {status}"
    return Failure(kind=_kind(code, status), message=message)


def _kind(code: str, status: int) -> FailureKind:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limit"
    says_nothing = not code and status in {0, HTTPStatus.OK}
    if says_nothing or code in _TRANSIENT_CODES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "unreachable"
    if "content_filter" in code or "content_policy" in code:
        return "content_filter"
    return "image" if "image" in code else "rejected"


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
    return int(value) if is_number else None
