"""All that the engine learnt, and how it answers with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vqaft.server.engines.embedded.classifier import AnswerClassifier
from vqaft.server.engines.embedded.frame import Frame
from vqaft.server.engines.embedded.gate import Gate
from vqaft.server.engines.embedded.ranker import Page, SpanRanker
from vqaft.server.engines.embedded.span_features import squeezed
from vqaft.server.engines.embedded.style import LetterCase, in_letter_case
from vqaft.server.engines.embedded.vision import Vision
from vqaft.server.engines.embedded.vocabulary import Features


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """A trained model.

    Attributes:
        frame: What surrounds the questions.
        vision: What is learnt of images.
        classifier: The known answers.
        ranker: The answers that stand in images; None where text did not help in training.
        gate: Which of the two to trust.
        letter_case: How answers from images are written.
    """

    frame: Frame
    vision: Vision
    classifier: AnswerClassifier
    ranker: SpanRanker | None
    gate: Gate
    letter_case: LetterCase

    def chances(self, case: Features, page: Page | None, question: str) -> dict[str, tuple[str, float]]:
        """Weigh all possible answers.

        Args:
            case: The question and image as `Vision` describes them.
            page: The image's text; None where it was not read.
            question: The question, without its frame.

        Returns:
            By the answer without blanks and letter case: how it is written, and its probability.
        """
        known = self.classifier.probabilities([case])[0]
        ranked = [] if self.ranker is None or page is None else self.ranker.rank(page, question)
        share = 1.0
        if ranked and self.ranker is not None:
            place = self.ranker.space.vector(question)
            share = self.gate.share(float(known.max()), ranked[0].probability, place)
        found = {squeezed(a): (a, share * float(p)) for a, p in zip(self.classifier.answers, known, strict=True)}
        for span in ranked:
            key = squeezed(span.text)
            text, chance = found.get(key, (in_letter_case(span.text, self.letter_case), 0.0))
            found[key] = text, chance + (1.0 - share) * span.probability
        return found


def best(chances: Mapping[str, tuple[str, float]]) -> str:
    """The most probable answer; of equals the first."""
    return max(chances.values(), key=lambda item: item[1])[0]
