"""The answer at the end of a model's reasoning."""

from __future__ import annotations

import re
from itertools import pairwise

BOXED = re.compile(r"\\boxed\{([^{}]*)\}")
TAGS = re.compile("</?answer>", re.IGNORECASE)
# The words are looked for first, and every repetition is bounded: the time stays in proportion to the length of the
# text, whatever it holds.
MARK = re.compile(r"(?:answer|conclusion)[*_\s]{0,4}(?::|\bis\b)[*_:\s]{0,8}(?=\S)", re.IGNORECASE)
BEFORE = re.compile(
    r"(?:^|[\n.!?*#>])\s{0,4}[*_#]{0,6}\s{0,2}(?:(?:therefore|thus|so|hence)\W{1,3})?(?:the\s{1,3}|my\s{1,3})?"
    r"(?:final\s{1,3}|correct\s{1,3})?$",
    re.IGNORECASE,
)
REACH = 48  # characters that BEFORE can span
HINTS = ("answer", "conclusion", "boxed")
SHORTEST = len("answer:x")


def final_answer(text: str) -> str:
    r"""Take the final answer out of an answer that may hold reasoning.

    It is what stands in the last `\boxed{…}` or `<answer>…</answer>`, or else behind the last "Answer:",
    "Conclusion:", "the final answer is" and the like at the start of a line or sentence, to the end of that line.
    Where there is nothing of the kind, the whole text is the answer.

    Args:
        text: What the model said.
    """
    if len(text) < SHORTEST:
        return text
    lowered = text.lower()
    if not any(hint in lowered for hint in HINTS):
        return text
    boxed = BOXED.findall(text) if "boxed" in lowered else []
    if boxed:
        return str(boxed[-1]).strip()
    return (_tagged(text) if "<answer" in lowered else "") or _marked(text)


def _tagged(text: str) -> str:
    for opening, closing in reversed(list(pairwise(TAGS.finditer(text)))):
        if closing[0].startswith("</") and not opening[0].startswith("</"):
            return text[opening.end() : closing.start()].strip()
    return ""


def _marked(text: str) -> str:
    for mark in reversed(list(MARK.finditer(text))):
        place = mark.start()
        before = text[:place] if place <= REACH else f"…{text[place - REACH : place]}"
        if not place or BEFORE.search(before):
            return text[mark.end() :].split("\n", 1)[0].strip().strip("*_`\"'").strip()
    return text
