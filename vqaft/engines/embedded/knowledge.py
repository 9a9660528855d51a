"""All that the engine learnt, and how it answers with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vqaft.engines.embedded.classifier import IN_QUESTION, IN_TEXT, AnswerClassifier
from vqaft.engines.embedded.frame import Frame
from vqaft.engines.embedded.lines import question_line
from vqaft.engines.embedded.ranker import Page, Ranked
from vqaft.engines.embedded.span_features import squeezed
from vqaft.engines.embedded.text_skill import TextSkill
from vqaft.engines.embedded.vision import Vision
from vqaft.engines.embedded.vocabulary import Features

NEGLIGIBLE = 0.001


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """A trained model.

    Attributes:
        frame: What surrounds the questions.
        vision: What is learnt of images.
        classifier: The known answers.
        text: What is learnt of their text; None where text did not help in training.
        wording: Finds answers that stand in the question, as in "Is it this or that?"; None where too few did.
    """

    frame: Frame
    vision: Vision
    classifier: AnswerClassifier
    text: TextSkill | None
    wording: TextSkill | None

    def chances(self, case: Features, page: Page | None, question: str) -> dict[str, tuple[str, float]]:
        """Weigh all possible answers.

        Args:
            case: The question and image as `Vision` and `TextSkill.evidence` describe them.
            page: The image's text; None where it was not read.
            question: The question, without its frame.

        Returns:
            By the answer without blanks and letter case: how it is written, and its probability.
        """
        known = dict(zip(self.classifier.answers, map(float, self.classifier.probabilities([case])[0]), strict=True))
        in_text, in_question = known.pop(IN_TEXT, 0.0), known.pop(IN_QUESTION, 0.0)
        found = {squeezed(answer): (answer, chance) for answer, chance in known.items()}
        if self.text is not None and page is not None and in_text > NEGLIGIBLE:
            _add(found, self.text.ranked(page, question), in_text)
        if self.wording is not None and in_question > NEGLIGIBLE:
            _add(
                found, self.wording.ranked(self.wording.ranker.page((question_line(question),)), question), in_question
            )
        return found


def _add(found: dict[str, tuple[str, float]], spans: Sequence[Ranked], share: float) -> None:
    for span in spans:
        key = squeezed(span.text)
        text, chance = found.get(key, (span.text, 0.0))
        found[key] = text, chance + share * span.probability


def best(chances: Mapping[str, tuple[str, float]]) -> str:
    """The most probable answer, of equals the first; empty where there is none."""
    return max(chances.values(), key=lambda item: item[1], default=("", 0.0))[0]
