"""How well a model answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vqaft.engines.embedded.knowledge import Knowledge, best
from vqaft.engines.embedded.lines import Line
from vqaft.engines.embedded.material import Material
from vqaft.engines.embedded.pairs import Pair
from vqaft.engines.embedded.ranker import Page
from vqaft.engines.embedded.span_features import squeezed
from vqaft.engines.embedded.vocabulary import Features


@dataclass(frozen=True, kw_only=True)
class Exam:
    """Questions to measure a model by.

    Attributes:
        pairs: Questions, without their frame, and right answers.
        cases: The pairs as `Vision` describes them.
        pages: The text of each pair's image.
        has_evidence: Whether the cases hold the evidence of the text already; else the model is asked for it.
    """

    pairs: Sequence[Pair] = field(repr=False)
    cases: Sequence[Features] = field(repr=False)
    pages: Sequence[Page | None] = field(repr=False)
    has_evidence: bool

    def take(self, knowledge: Knowledge) -> tuple[float, float]:
        """Measure a model.

        Args:
            knowledge: The model.

        Returns:
            Mean loss, -log of the probability given to the right answer (of at least 0.0001), and the share of
            answers that equal the right one but for blanks and letter case.
        """
        losses, right = [], []
        for pair, case, page in zip(self.pairs, self._complete(knowledge), self.pages, strict=True):
            chances = knowledge.chances(case, page, pair.question)
            wanted = squeezed(pair.answer)
            losses.append(-np.log(max(chances.get(wanted, ("", 0.0))[1], 1e-4)))
            right.append(squeezed(best(chances)) == wanted)
        return float(np.mean(losses)), float(np.mean(right))

    def _complete(self, knowledge: Knowledge) -> Sequence[Features]:
        text = knowledge.text
        if text is None or self.has_evidence:
            return self.cases
        pages = {pair.image: page for pair, page in zip(self.pairs, self.pages, strict=True) if page is not None}
        findings = {image: text.findings(page) for image, page in pages.items()}
        return [
            {**case, **text.evidence(pair.question, findings[pair.image])} if pair.image in findings else case
            for pair, case in zip(self.pairs, self.cases, strict=True)
        ]


def validation_exam(knowledge: Knowledge, material: Material, lines: Mapping[str, tuple[Line, ...]]) -> Exam:
    """Make an exam of a file that is not learnt from.

    Args:
        knowledge: The model, for its view of images; it need not have learnt to answer yet.
        material: The file.
        lines: What was read in its images, by key.
    """
    pairs = [
        Pair(image=pair.image, question=knowledge.frame.question(pair.question), answer=pair.answer)
        for pair in material.pairs
    ]
    pages = {key: knowledge.text.ranker.page(found) for key, found in lines.items()} if knowledge.text else {}
    return Exam(
        pairs=pairs,
        cases=[knowledge.vision.case(material.features[pair.image], pair.question) for pair in pairs],
        pages=[pages.get(pair.image) for pair in pairs],
        has_evidence=False,
    )
