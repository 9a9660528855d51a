"""The untrained model: it answers by the form of the question and the text in the image."""

from __future__ import annotations

from vqaft.engines.conversation import last_question
from vqaft.engines.embedded.answers import words
from vqaft.engines.embedded.inputs import Picture
from vqaft.engines.embedded.ocr import TextRecognizer
from vqaft.engines.engine import ChatAnswer, ChatTurn
from vqaft.engines.structured_output import reply

UNKNOWN = "unknown"
AUXILIARIES = frozenset(
    {"am", "are", "can", "could", "did", "do", "does", "had", "has", "have", "is", "may", "might", "must", "shall"}
    | {"should", "was", "were", "will", "would"}
)
"""English words that begin a question to be answered by yes or no."""
LONG = 4
"""Letters from which on a word says something."""


class BaseChatModel:
    """The untrained model.

    Args:
        recognizer: Reads text in images.
    """

    def __init__(self, recognizer: TextRecognizer) -> None:
        self._recognizer = recognizer

    def answer(self, turn: ChatTurn) -> ChatAnswer:
        """Answer without having learned anything.

        A question that begins with an auxiliary verb, and holds no "or", is answered "yes" where half of its long words
        or more stand in the image's text, else "no". Any other question is answered by the line with the tallest
        letters, the upper one of equals, or "unknown" where there is no text.

        Raises:
            ImageError: If an image cannot be read.
        """
        asked = last_question(turn.messages)
        picture = Picture.from_urls(asked.image_urls)
        lines = () if picture is None else self._recognizer.read(picture)
        tokens = words(asked.text)
        if tokens and tokens[0] in AUXILIARIES and "or" not in tokens:
            read = {word for line in lines for word in words(line.text)}
            found = [token in read for token in tokens[1:] if len(token) >= LONG]
            return reply(turn, "yes" if found and 2 * sum(found) >= len(found) else "no")
        tallest = max(lines, key=lambda line: (round(line.height), -line.top), default=None)
        return reply(turn, UNKNOWN if tallest is None else tallest.text)
