"""A trained model: how all parts together answer a question about an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vqaft.engines.conversation import last_question
from vqaft.engines.embedded.answers import AnswerClassifier, question_features, words
from vqaft.engines.embedded.detectors import Detectors
from vqaft.engines.embedded.image_features import image_features
from vqaft.engines.embedded.inputs import Picture, PromptTemplate
from vqaft.engines.embedded.ocr import Line, TextRecognizer
from vqaft.engines.embedded.span_ranker import Page
from vqaft.engines.embedded.spans import normalized
from vqaft.engines.embedded.text_reader import IN_IMAGE, IN_QUESTION, TextReader
from vqaft.engines.engine import ChatAnswer, ChatTurn
from vqaft.engines.structured_output import reply

NEGLIGIBLE = 0.001
CACHED_IMAGES = 64
"""Images whose description is cached, for they are often asked about several times in a row."""
UNKNOWN = "unknown"
AUXILIARIES = frozenset(
    {"am", "are", "can", "could", "did", "do", "does", "had", "has", "have", "is", "may", "might", "must", "shall"}
    | {"should", "was", "were", "will", "would"}
)
"""English words that begin a question to be answered by yes or no."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class View:
    """What a model sees in an image.

    Attributes:
        detected: Probability of each answer that can be detected.
        summary: A few numbers that sum up the image.
        page: The spans of its text; None where text is not used.
        findings: What the text says; None where text is not used.
    """

    detected: Mapping[str, float]
    summary: Sequence[float]
    page: Page | None = None
    findings: list[str] | None = None


@dataclass(frozen=True, kw_only=True)
class EmbeddedModel:
    """A trained model.

    Attributes:
        template: The text around the questions.
        detectors: What can be seen in an image.
        classifier: The known answers.
        reader: Answers from text; None where text did not help in training.
    """

    template: PromptTemplate
    detectors: Detectors
    classifier: AnswerClassifier
    reader: TextReader | None

    def view(self, features: Floats, lines: Sequence[Line] | None) -> View:
        """Describe an image by its features and its text; None for text that was not read."""
        scaled = self.detectors.scaled(features[None])
        detected = dict(zip(self.detectors.names, self.detectors.probabilities(scaled)[0], strict=True))
        page = None if self.reader is None or lines is None else self.reader.ranker.page(lines)
        return self.renewed(View(detected=detected, summary=self.detectors.summary(scaled)[0], page=page))

    def read(self, picture: Picture | None, recognizer: TextRecognizer) -> tuple[Line, ...] | None:
        """Read the text of an image; None where the model does not use it."""
        if self.reader is None or not self.reader.reads_images or picture is None:
            return None
        return recognizer.read(picture)

    def renewed(self, view: View) -> View:
        """Return a view with the findings of this model; they change as it learns."""
        if self.reader is None or view.page is None:
            return view
        return replace(view, findings=self.reader.findings(view.page))

    def weigh(self, question: str, view: View) -> dict[str, tuple[str, float]]:
        """Weigh all possible answers to a question (without the template) about an image.

        Returns:
            By the normalized answer: how it is written, and its probability.
        """
        case, pages = question_features(question, view.detected, view.summary), {IN_IMAGE: view.page}
        if self.reader is not None and view.page is not None and view.findings is not None:
            case |= self.reader.evidence(question, view.page, view.findings)
        known = self.classifier.probabilities(case)
        answers = [(text, known.get(key, 0.0)) for key, text in self.classifier.answers.items() if text]
        if self.reader is not None and known.get(IN_QUESTION, 0.0) > NEGLIGIBLE:
            pages[IN_QUESTION] = self.reader.question_page(question)
        for source, page in pages.items():
            if self.reader is not None and page is not None and known.get(source, 0.0) > NEGLIGIBLE:
                answers += [(text, value * known[source]) for text, value in self.reader.ranked(page, question)]
        found: dict[str, tuple[str, float]] = {}
        for text, probability in answers:
            first, total = found.get(normalized(text), (text, 0.0))
            found[normalized(text)] = first, total + probability
        return found


def best(answers: Mapping[str, tuple[str, float]]) -> str:
    """Return the most probable answer, of equals the first; empty where there is none."""
    return max(answers.values(), key=lambda item: item[1], default=("", 0.0))[0]


class TrainedChatModel:
    """A trained model that answers conversations.

    Args:
        model: The model.
        recognizer: Reads text in images.
    """

    def __init__(self, model: EmbeddedModel, recognizer: TextRecognizer) -> None:
        self._model, self._recognizer = model, recognizer
        self._view = lru_cache(maxsize=CACHED_IMAGES)(self._compute_view)

    def answer(self, turn: ChatTurn) -> ChatAnswer:
        """Answer by the image and the last question; few-shot examples in the conversation do not count.

        Raises:
            ImageError: If an image cannot be read.
        """
        asked = last_question(turn.messages)
        view = self._view(Picture.from_urls(asked.image_urls))
        return reply(turn, best(self._model.weigh(self._model.template.question(asked.text), view)))

    def _compute_view(self, picture: Picture | None) -> View:
        features = image_features(None if picture is None else picture.open())
        return self._model.view(features, self._model.read(picture, self._recognizer))


class BaseChatModel:
    """The untrained model: it answers by the form of the question and the text in the image.

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
            return reply(turn, "yes" if _stand_in(tokens[1:], lines) else "no")
        tallest = max(lines, key=lambda line: (round(line.height), -line.top), default=None)
        return reply(turn, UNKNOWN if tallest is None else tallest.text)


def _stand_in(tokens: Sequence[str], lines: Sequence[Line]) -> bool:
    text = {word for line in lines for word in words(line.text)}
    long = [token for token in tokens if len(token) > 3]  # noqa: PLR2004 - shorter words say little
    return bool(long) and 2 * sum(token in text for token in long) >= len(long)
