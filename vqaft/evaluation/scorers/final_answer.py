"""The answer at the end of a model's reasoning."""

from __future__ import annotations

import re

BOXED = re.compile(r"\\boxed\{([^{}]*)\}")
TAGGED = re.compile(r"<answer>(.*?)</answer>", re.IGNORECASE | re.DOTALL)
MARKED = re.compile(
    r"(?:^|[\n.!?*#>]\s*)[*_#\s]*(?:(?:therefore|thus|so|hence)\W+)?(?:the\s+|my\s+)?(?:final\s+|correct\s+)?"
    r"(?:answer|conclusion)[*_\s]*(?::|\bis\b)[*_:\s]*(?=\S)",
    re.IGNORECASE,
)
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
    enclosed = BOXED.findall(text) or TAGGED.findall(text)
    if enclosed:
        return str(enclosed[-1]).strip()
    marks = list(MARKED.finditer(text))
    if not marks:
        return text
    return text[marks[-1].end() :].split("\n", 1)[0].strip().strip("*_`\"'").strip()
