"""What the engine answers before it learnt anything: the form of the question, and the text in the image."""

from __future__ import annotations

from collections.abc import Sequence

from vqaft.engines.embedded.lines import Line
from vqaft.engines.embedded.question_features import words

UNKNOWN = "unknown"
AUXILIARIES = frozenset(
    {"am", "are", "can", "could", "did", "do", "does", "had", "has", "have", "is", "may", "might", "must", "shall"}
    | {"should", "was", "were", "will", "would"}
)
"""English words that begin a question to be answered by yes or no."""


def untrained_answer(question: str, lines: Sequence[Line]) -> str:
    """Answer without having learnt anything.

    A question that begins with an auxiliary verb, and holds no "or", is answered "yes" where half of its long words
    or more stand in the image's text, else "no". Any other question is answered by the line with the tallest letters,
    the upper one of equals, or "unknown" where there is no text.

    Args:
        question: What is asked.
        lines: The text that was read in the image.
    """
    tokens = words(question)
    if tokens and tokens[0] in AUXILIARIES and "or" not in tokens:
        return "yes" if _stands_in(tokens[1:], lines) else "no"
    if not lines:
        return UNKNOWN
    return max(lines, key=lambda line: (round(line.height), -line.top)).text


def _stands_in(tokens: Sequence[str], lines: Sequence[Line]) -> bool:
    text = {word for line in lines for word in words(line.text)}
    long = [token for token in tokens if len(token) > 3]  # noqa: PLR2004 - shorter words say little
    return bool(long) and 2 * sum(token in text for token in long) >= len(long)
