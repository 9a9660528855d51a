"""A trained model: how all parts together answer a question about an image, and how it is stored."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqaft.durable import write_atomically
from vqaft.engines.conversation import last_question
from vqaft.engines.embedded.answers import Features, plain, question_features
from vqaft.engines.embedded.detectors import Detectors, Floats, Sight
from vqaft.engines.embedded.image_features import image_features
from vqaft.engines.embedded.inputs import Picture
from vqaft.engines.embedded.ocr import TextRecognizer
from vqaft.engines.embedded.spans import normalized
from vqaft.engines.embedded.text_reader import Page, TextReader, lines_of
from vqaft.engines.engine import ChatAnswer, ChatTurn
from vqaft.engines.structured_output import reply
from vqaft.errors import StateError

IN_IMAGE, IN_QUESTION = "\0image", "\0question"
"""Classes of the answer classifier: "a span of the image's text", "… of the question itself" (this or that?)."""
CACHED_IMAGES = 64
"""Images whose description is cached, for they are often asked about several times in a row."""
FORMAT, FILE = 3, "model.skops"

Weighed = dict[str, tuple[str, float]]
"""Possible answers by their normalized form: how each is written, and its probability."""

FoundSpan = tuple[str, str, float]
"""Where a span was found (`IN_IMAGE` or `IN_QUESTION`), the span, and its share of the probability."""


@dataclass(frozen=True, kw_only=True)
class View:
    """What a model sees in an image.

    Attributes:
        sight: What the detectors see.
        page: The spans of its text; None where text is not used.
        findings: What the text says; empty where it is not used.
    """

    sight: Sight
    page: Page | None = None
    findings: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class EmbeddedModel:
    """A trained model.

    Attributes:
        template: Words of all questions, which say nothing.
        detectors: What can be seen in an image.
        reader: Answers from the text of images; None where it did not help in training.
        question_reader: Answers from the words of the question; None likewise.
        answers: By the class, how a known answer is written.
        vectorizer: DictVectorizer of the features of a question about an image.
        classifier: SGDClassifier (logistic loss, one answer against the rest, averaged weights).
    """

    template: list[str]
    detectors: Detectors
    reader: TextReader | None
    question_reader: TextReader | None
    answers: dict[str, str]
    vectorizer: Any
    classifier: Any

    def view(self, features: Floats, picture: Picture | None, recognizer: TextRecognizer) -> View:
        """Describe an image by its features, and by its text where the model uses it."""
        sight = self.detectors.detect(features)
        if self.reader is None or picture is None:
            return View(sight=sight)
        page = self.reader.page(recognizer.read(picture))
        return View(sight=sight, page=page, findings=self.reader.findings(page))

    def case(self, text: str, view: View) -> Features:
        """Describe a question about an image."""
        question = plain(text, self.template)
        evidence = {} if self.reader is None else self.reader.evidence(question, view.findings)
        return question_features(question, view.sight.detected, view.sight.summary, evidence)

    def spans(self, text: str, view: View) -> list[FoundSpan]:
        """Return the most probable answers in the text of an image and in the question."""
        question, found = plain(text, self.template), []
        if self.reader is not None and view.page is not None:
            found += [(IN_IMAGE, *span) for span in self.reader.rank(view.page, question)]
        if self.question_reader is not None:
            page = self.question_reader.page(lines_of(text))
            found += [(IN_QUESTION, *span) for span in self.question_reader.rank(page, question)]
        return found

    def weigh(self, rows: Any, spans: Sequence[Sequence[FoundSpan]]) -> list[Weighed]:
        """Weigh all possible answers to some questions.

        Args:
            rows: The vectorized cases.
            spans: What `spans` returned for each.
        """
        return [
            self._weighed(probabilities, found)
            for probabilities, found in zip(self.classifier.predict_proba(rows), spans, strict=True)
        ]

    def _weighed(self, probabilities: NDArray[np.float64], spans: Sequence[FoundSpan]) -> Weighed:
        known = dict(zip(self.classifier.classes_, map(float, probabilities), strict=True))
        answers = [(text, known[key]) for key, text in self.answers.items()]
        answers += [(text, share * known.get(source, 0.0)) for source, text, share in spans]
        weighed: Weighed = {}
        for text, probability in answers:
            first, before = weighed.get(normalized(text), (text, 0.0))
            weighed[normalized(text)] = first, before + probability
        return weighed

    def store(self, folder: Path) -> None:
        """Write the model atomically, as one file that holds values and estimators, and no code."""
        import skops.io

        state = skops.io.dumps({"format": FORMAT, "model": self}, compression=zipfile.ZIP_DEFLATED)
        write_atomically(folder / FILE, state)

    @classmethod
    def load(cls, folder: Path) -> EmbeddedModel:
        """Read a model; skops refuses any type but these dataclasses, numpy arrays and scikit-learn's estimators.

        Raises:
            StateError: If the file is missing, damaged, or of another version of the engine or of scikit-learn.
        """
        import skops.io

        path, hint = folder / FILE, "Train it again"
        own = [f"{part.__module__}.{part.__qualname__}" for part in (cls, Detectors, TextReader)]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")  # scikit-learn warns of estimators that another version of it has stored
                state = skops.io.loads(path.read_bytes(), trusted=own)
        except OSError as error:
            raise StateError(f"no model is stored here: {error}", path=path, hint=hint) from error
        except Exception as error:  # a damaged file fails in many ways
            raise StateError(f"the model cannot be read: {error}", path=path, hint=hint) from error
        model = state.get("model") if isinstance(state, dict) and state.get("format") == FORMAT else None
        if not isinstance(model, cls):
            raise StateError("the model was stored by another version", path=path, hint=hint)
        return model


def best(answers: Weighed) -> str:
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
        asked, model = last_question(turn.messages), self._model
        view = self._view(Picture.from_urls(asked.image_urls))
        (weighed,) = model.weigh(
            model.vectorizer.transform([model.case(asked.text, view)]), [model.spans(asked.text, view)]
        )
        return reply(turn, best(weighed))

    def _compute_view(self, picture: Picture | None) -> View:
        features = image_features(None if picture is None else picture.open())
        return self._model.view(features, picture, self._recognizer)
