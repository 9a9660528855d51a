"""How well a model answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vqaft.server.engines.embedded.knowledge import Knowledge
from vqaft.server.engines.embedded.lines import Line
from vqaft.server.engines.embedded.material import Material
from vqaft.server.engines.embedded.pairs import Pair
from vqaft.server.engines.embedded.ranker import Page
from vqaft.server.engines.embedded.span_features import squeezed
from vqaft.server.engines.embedded.vocabulary import Features


@dataclass(frozen=True, kw_only=True)
class Exam:
    """Questions to measure a model by.

    Attributes:
        pairs: Questions, without their frame, and right answers.
        cases: The pairs as `Vision` describes them.
        pages: The text of each pair's image.
    """

    pairs: Sequence[Pair] = field(repr=False)
    cases: Sequence[Features] = field(repr=False)
    pages: Sequence[Page | None] = field(repr=False)

    def take(self, knowledge: Knowledge) -> tuple[float, float]:
        """Mean loss and accuracy of a model; see `measure`."""
        return measure(knowledge, self.pairs, self.cases, self.pages)


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
    pages = {key: knowledge.ranker.page(found) for key, found in lines.items()} if knowledge.ranker else {}
    return Exam(
        pairs=pairs,
        cases=[knowledge.vision.case(material.features[pair.image], pair.question) for pair in pairs],
        pages=[pages.get(pair.image) for pair in pairs],
    )


def measure(
    knowledge: Knowledge, pairs: Sequence[Pair], cases: Sequence[Features], pages: Sequence[Page | None]
) -> tuple[float, float]:
    """Measure a model.

    Args:
        knowledge: The model.
        pairs: Questions, without their frame, and right answers.
        cases: The pairs as `Vision` describes them.
        pages: The text of each pair's image.

    Returns:
        Mean loss, -log of the probability given to the right answer (of at least 0.0001), and the share of answers
        that equal the right one but for blanks and letter case.
    """
    losses, right = [], []
    for pair, case, page in zip(pairs, cases, pages, strict=True):
        chances = knowledge.chances(case, page, pair.question)
        wanted = squeezed(pair.answer)
        losses.append(-np.log(max(chances.get(wanted, ("", 0.0))[1], 1e-4)))
        right.append(max(chances, key=lambda key: chances[key][1]) == wanted)
    return float(np.mean(losses)), float(np.mean(right))
