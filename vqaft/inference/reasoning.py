"""Reasoning models: separate the reasoning in a reply from the answer after it."""

from __future__ import annotations

import re

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
