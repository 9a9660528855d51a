"""What the page shows, in the order in which it shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vqaft.data import VQAExample
from vqaft.evaluation import Comparison, Outcome, PairedRow, Score, ScoredRow, ScoreFailure
from vqaft.report.thumbnails import Gallery, Thumbnail, make_gallery

OUTCOME_ORDER = (Outcome.LOST, Outcome.WON, Outcome.INCOMPLETE, Outcome.BOTH_WRONG, Outcome.BOTH_RIGHT)
"""Flips first, and of those what became worse: it is what a decision turns on."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """One model's answer as the page shows it.

    Attributes:
        model: "base" or "tuned".
        answer: What it answered; None where it did not.
        failure: Why not.
        scores: By the scorer's name: what to show, and the reason.
    """

    model: str
    answer: str | None
    failure: str
    scores: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Card:
    """One example as the page shows it.

    Attributes:
        row: The example.
        outcome: What became of it, by the first scorer.
        picture: Its picture, where there is one.
        said: What both models answered.
    """

    row: PairedRow
    outcome: Outcome
    picture: Thumbnail | None
    said: tuple[Said, Said]


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Everything that the page shows of the examples.

    Attributes:
        cards: The examples, flips first.
        gallery: The pictures.
        counts: How many examples had each outcome.
    """

    cards: tuple[Card, ...]
    gallery: Gallery
    counts: Mapping[Outcome, int]


def make_contents(comparison: Comparison, examples: Iterable[VQAExample]) -> Contents:
    """Sort the rows and make the pictures.

    Args:
        comparison: What is reported.
        examples: The examples behind it, for their images; rows without one have no picture.
    """
    flips = comparison.flips()
    ordered = [(outcome, row) for outcome in OUTCOME_ORDER for row in flips[outcome]]
    known = {example.id: example for example in examples}
    gallery = make_gallery(known[row.example_id] for _, row in ordered if row.example_id in known)
    cards = tuple(
        Card(row=row, outcome=outcome, picture=gallery.of(row.example_id), said=_both(row))
        for outcome, row in ordered
    )
    return Contents(cards=cards, gallery=gallery, counts={name: len(flips[name]) for name in OUTCOME_ORDER})


def question_types(cards: Sequence[Card]) -> list[str]:
    """Give the question types there are, in alphabetical order."""
    return sorted({card.row.question_type for card in cards if card.row.question_type})


def _both(row: PairedRow) -> tuple[Said, Said]:
    return _said("base", row.base), _said("tuned", row.tuned)


def _said(model: str, row: ScoredRow) -> Said:
    failure = "was not asked" if row.failure is None else f"{row.failure.kind}: {row.failure.message}"
    scores = {name: _shown(score) for name, score in row.scores.items()}
    return Said(model=model, answer=row.answer, failure=failure, scores=scores)


def _shown(score: Score | ScoreFailure) -> tuple[str, str]:
    if isinstance(score, ScoreFailure):
        return "no score", f"{score.kind}: {score.message}"
    return score.label or f"{score.value:.2g}", score.reason
