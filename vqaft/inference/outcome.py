"""Outcome of a request: whether a reply or an error is an answer, or which kind of failure."""

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
from vqaft.inference.reasoning import split_reasoning
from vqaft.inference.refusal import is_refusal

NON_RETRYABLE = (AuthenticationError, QuotaError, ModelRetiredError)
"""Errors that every other request would meet too: a run stops at the first."""

_KINDS: tuple[tuple[type[VqaftError], FailureKind], ...] = (
    (DataError, "image"),
    (RateLimitError, "rate_limit"),
    (QuotaError, "quota"),
    (AuthenticationError, "auth"),
    (ServiceUnreachableError, "unreachable"),
)


def outcome_of_reply(reply: ChatReply) -> str | Failure:
    """Return the answer in a reply, or why there is none.

    Args:
        reply: What the model replied.

    Returns:
        The answer without the model's reasoning; a `Failure` for a refusal, an answer held back or cut off, and an
        empty one.
    """
    if reply.refusal:
        return Failure(kind="refused", message=reply.refusal, partial=reply.text)
    if reply.finish_reason == "content_filter":
        return Failure(kind="content_filter", message="the service's filter held the answer back", partial=reply.text)
    if reply.finish_reason == "length":
        message = "the answer was cut off at the token limit; raise max_tokens"
        return Failure(kind="truncated", message=message, partial=reply.text)
    return outcome_of_text(reply.text or "")


def outcome_of_text(text: str) -> str | Failure:
    """Return the answer in what a model said, or why there is none.

    This is the one place where reasoning is removed and refusals are recognized: what a scorer, a judge or a training
    row sees has passed it. Applying it again changes nothing.

    Args:
        text: All that the model said.

    Returns:
        The answer without the model's reasoning; a `Failure` where the reasoning never ends ("truncated"), nothing is
        said after it ("empty"), or the model declines to answer ("refused").
    """
    answer, reasoning = split_reasoning(text)
    if answer is None:
        message = "the reasoning was cut off before there was an answer; raise max_tokens"
        return Failure(kind="truncated", message=message, partial=text)
    if not answer.strip():
        message = "the model said nothing after its reasoning" if reasoning else "the model answered with nothing"
        return Failure(kind="empty", message=message, partial=text)
    if is_refusal(answer):
        return Failure(kind="refused", message=answer, partial=answer)
    return answer


def failure_of_error(error: VqaftError) -> Failure:
    """Return why there is no reply.

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
