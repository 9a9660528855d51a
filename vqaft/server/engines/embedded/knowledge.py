"""All that the engine learnt, and how it answers with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vqaft.server.engines.embedded.classifier import IN_TEXT, AnswerClassifier
from vqaft.server.engines.embedded.frame import Frame
from vqaft.server.engines.embedded.ranker import Page
from vqaft.server.engines.embedded.span_features import squeezed
from vqaft.server.engines.embedded.text_skill import TextSkill
from vqaft.server.engines.embedded.vision import Vision
from vqaft.server.engines.embedded.vocabulary import Features


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """A trained model.

    Attributes:
        frame: What surrounds the questions.
        vision: What is learnt of images.
        classifier: The known answers.
        text: What is learnt of their text; None where text did not help in training.
    """

    frame: Frame
    vision: Vision
    classifier: AnswerClassifier
    text: TextSkill | None

    def chances(self, case: Features, page: Page | None, question: str) -> dict[str, tuple[str, float]]:
        """Weigh all possible answers.

        Args:
            case: The question and image as `Vision` and `TextSkill.evidence` describe them.
            page: The image's text; None where it was not read.
            question: The question, without its frame.

        Returns:
            By the answer without blanks and letter case: how it is written, and its probability.
        """
        known = self.classifier.probabilities([case])[0]
        found = {squeezed(a): (a, float(p)) for a, p in zip(self.classifier.answers, known, strict=True)}
        _, in_text = found.pop(IN_TEXT, ("", 0.0))
        spans = [] if self.text is None or page is None else self.text.ranked(page, question)
        for span in spans:
            key = squeezed(span.text)
            text, chance = found.get(key, (span.text, 0.0))
            found[key] = text, chance + in_text * span.probability
        return found


def best(chances: Mapping[str, tuple[str, float]]) -> str:
    """The most probable answer, of equals the first; empty where there is none."""
    return max(chances.values(), key=lambda item: item[1], default=("", 0.0))[0]
