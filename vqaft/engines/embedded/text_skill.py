"""What is learnt of the text in images."""

from __future__ import annotations

from dataclasses import dataclass

from vqaft.engines.embedded.evidence import Findings, Probes, evidence
from vqaft.engines.embedded.ranker import Page, Ranked, SpanRanker
from vqaft.engines.embedded.spelling import Spelling

MENDED = 8
"""The best spans whose spelling is mended."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TextSkill:
    """Finds answers in the text of an image, and facts for questions that are not answered by a span.

    Attributes:
        ranker: Finds spans.
        probes: Questions that it asks itself.
        spelling: How answers are written.
    """

    ranker: SpanRanker
    probes: Probes
    spelling: Spelling

    def ranked(self, page: Page, question: str) -> list[Ranked]:
        """Order the texts of an image by how probably they answer a question, the best ones mended."""
        found = self.ranker.rank(page, question)
        mended = [Ranked(text=self.spelling.mended(span.text), probability=span.probability) for span in found[:MENDED]]
        return mended + found[MENDED:]

    def evidence(self, question: str, findings: Findings) -> dict[str, float]:
        """Compare a question with what `findings` gave for the image."""
        return evidence(question, self.probes, findings)

    def findings(self, page: Page) -> Findings:
        """Answer the probes for an image."""
        return find(self.ranker, self.probes, page)


def find(ranker: SpanRanker, probes: Probes, page: Page) -> Findings:
    """Answer probes for an image.

    Args:
        ranker: Finds spans.
        probes: The questions.
        page: The image's text.
    """
    ranked = [ranker.rank(page, question) for question in probes.questions]
    return Findings(answers=tuple(spans[0].text if spans else "" for spans in ranked), text=page.words)
