"""Outcome of a request: whether a reply or an error is an answer, or which kind of failure.

Reasoning models: separate the reasoning in a reply from the answer after it.
"""

from __future__ import annotations

import re

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
from vqaft.inference.refusal import is_refusal

_NAMES = "think|thinking|thought|thoughts|reason|reasoning|reflection|scratchpad|seed:think"

_TAG = re.compile(
    rf"<(?P<close>/?)\s?(?:{_NAMES})\s?(?P<empty>/?)>"  # DeepSeek, Qwen, Seed
    r"|\[(?P<close2>/?)THINK\]"  # Magistral
    r"|◁(?P<close3>/?)think▷"  # Kimi
    r"|<\|(?:begin|(?P<close4>end))_of_thought\|>",
    re.IGNORECASE,
)

_CHANNEL = re.compile(r"<\|channel\|>(\w+)[^<]{0,80}<\|message\|>")  # gpt-oss ("harmony")

_CHANNEL_END = re.compile(r"<\|(?:end|return|start|channel)\|>")

_HINT = re.compile(r"[<\[◁]")


def split_reasoning(text: str) -> tuple[str | None, str]:
    """Split a reply into its answer and its reasoning.

    Recognized are the tags of the common open-weight models (`<think>…</think>` and its relatives, `[THINK]…[/THINK]`,
    the channels of gpt-oss), nested or repeated, also where the opening tag stood in the prompt and only the closing
    one is in the reply. The time is linear in the length of the text.

    Args:
        text: The reply as it came.

    Returns:
        The answer, stripped where reasoning was removed, and the reasoning ("" where there is none). The answer is
        None where the reasoning never ends: the reply was cut off before there was an answer.
    """
    if _HINT.search(text) is None:
        return text, ""
    if "<|channel|>" in text:
        return _split_channels(text)
    tags = [tag for tag in _TAG.finditer(text) if not tag["empty"]]
    if not tags:
        return _TAG.sub("", text) if "/>" in text else text, ""
    return _split_tags(text, tags)


def _split_tags(text: str, tags: list[re.Match[str]]) -> tuple[str | None, str]:
    answer: list[str] = []
    reasoning: list[str] = []
    depth, start = 0, 0
    for tag in tags:
        closes = tag["close"] or tag["close2"] or tag["close3"] or tag["close4"]
        before = text[start : tag.start()]
        if closes and not depth:  # the opening tag stood in the prompt: everything up to here is reasoning
            reasoning += [*answer, before]
            answer.clear()
        else:
            (reasoning if depth else answer).append(before)
            depth += -1 if closes else 1
        start = tag.end()
    (reasoning if depth else answer).append(text[start:])
    thought = "".join(reasoning).strip()
    return (None if depth else _TAG.sub("", "".join(answer)).strip()), thought


def _split_channels(text: str) -> tuple[str | None, str]:
    final: str | None = None
    reasoning: list[str] = []
    for channel in _CHANNEL.finditer(text):
        end = _CHANNEL_END.search(text, channel.end())
        content = text[channel.end() : end.start() if end else len(text)].strip()
        if channel[1] == "final":
            final = content
        else:
            reasoning.append(content)
    return final, "\n".join(reasoning)


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
