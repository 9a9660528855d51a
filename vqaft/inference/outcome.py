"""What a reply or an error means for an example: an answer, or a failure of some kind."""

from __future__ import annotations

from vqaft.errors import (
    AuthenticationError,
    DataError,
    ModelRetiredError,
    QuotaError,
    RateLimitError,
    ServiceUnreachableError,
    VqaftError,
)
from vqaft.inference.chat import ChatReply
from vqaft.inference.predictions import Failure, FailureKind

NON_RETRYABLE = (AuthenticationError, QuotaError, ModelRetiredError)
"""Errors that every other request would meet too: a run stops at the first."""

_KINDS: tuple[tuple[type[VqaftError], FailureKind], ...] = (
    (DataError, "image"),
    (RateLimitError, "rate_limit"),
    (QuotaError, "quota"),
    (AuthenticationError, "auth"),
    (ServiceUnreachableError, "unreachable"),
)


def failure_of_reply(reply: ChatReply) -> Failure | None:
    """Say why a reply is no answer; None where it is one.

    Args:
        reply: What the model gave.
    """
    if reply.refusal:
        return Failure(kind="refused", message=reply.refusal, partial=reply.text)
    if reply.finish_reason == "content_filter":
        return Failure(kind="content_filter", message="the service's filter held the answer back", partial=reply.text)
    if reply.finish_reason == "length":
        message = "the answer was cut off at the token limit; raise max_tokens"
        return Failure(kind="truncated", message=message, partial=reply.text)
    if not (reply.text or "").strip():
        return Failure(kind="empty", message="the model answered with nothing", partial=reply.text)
    return None


def failure_of_error(error: VqaftError) -> Failure:
    """Say why there is no reply.

    Args:
        error: What was raised while the request was built or sent.
    """
    code = str(getattr(error, "code", None) or "")
    if "content_filter" in code or "content_policy" in code:
        return Failure(kind="content_filter", message=str(error))
    if "image" in code:
        return Failure(kind="image", message=str(error))
    for kind, name in _KINDS:
        if isinstance(error, kind):
            return Failure(kind=name, message=str(error))
    return Failure(kind="rejected", message=str(error))
