"""The lines of a batch's output and error files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from vqaft.inference.chat import ChatReply
from vqaft.inference.outcome import failure_of_reply
from vqaft.inference.prediction import Failure, FailureKind, Prediction

_PASSING_CODES = frozenset({"batch_expired", "batch_cancelled", "server_error", "rate_limit_exceeded"})


def read_results(content: bytes, *, model: str) -> Iterator[tuple[str, Prediction]]:
    """Read an output or error file; lines that are none are passed over, their requests count as missing.

    Args:
        content: The file.
        model: The model that was asked.

    Yields:
        The custom id and what became of the request; its example's id is left empty. Requests that another try may
        mend have a failure of the kind "unreachable" or "rate_limit".
    """
    for line in content.split(b"\n"):
        try:
            value = json.loads(line)
            yield str(value["custom_id"]), _prediction(value, model)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue


def _prediction(value: dict[str, Any], model: str) -> Prediction:
    response = value.get("response") or {}
    status = int(response.get("status_code") or 0)
    body = response.get("body") or {}
    choices = body.get("choices") or []
    if status != HTTPStatus.OK or not choices:
        return Prediction(example_id="", model=model, failure=_failure(value.get("error") or body.get("error"), status))
    message, usage = choices[0].get("message") or {}, body.get("usage") or {}
    reply = ChatReply(
        text=message.get("content"), finish_reason=choices[0].get("finish_reason"), refusal=message.get("refusal")
    )
    failure = failure_of_reply(reply)
    return Prediction(
        example_id="",
        model=model,
        answer=reply.text if failure is None else None,
        failure=failure,
        prompt_tokens=usage.get("prompt_tokens"),
        completion_tokens=usage.get("completion_tokens"),
    )


def _failure(error: Any, status: int) -> Failure:
    code = str(error.get("code") or "") if isinstance(error, dict) else ""
    words = str(error.get("message") or "") if isinstance(error, dict) else ""
    message = ": ".join(part for part in (code, words) if part) or f"the request was answered with status {status}"
    return Failure(kind=_kind(code, status), message=message)


def _kind(code: str, status: int) -> FailureKind:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limit"
    says_nothing = not code and status in {0, HTTPStatus.OK}
    if says_nothing or code in _PASSING_CODES or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "unreachable"
    if "content_filter" in code or "content_policy" in code:
        return "content_filter"
    return "image" if "image" in code else "rejected"
