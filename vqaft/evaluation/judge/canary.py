"""A false reference, to catch answers that are accepted whatever the truth is."""

from __future__ import annotations

import hashlib

from rapidfuzz.distance import Levenshtein

from vqaft.evaluation.scorers.text_normal import folded_text, words

DECOYS = (
    "a brass trumpet on a windowsill",
    "seventeen kilometres northwest",
    "Quarterly barley harvest ledger",
    "the Duchess of Pomerania",
    "two overlapping hexagons",
    "lukewarm chamomile soup",
    "Thursday at dawn",
    "an unpainted wooden sledge",
)


def false_reference(*, question: str, reference: str, candidate: str) -> str:
    """Choose a text that is surely not what the candidate says.

    Of a few unlikely texts, those that share no word with question, reference or candidate; of these one that is
    picked by the texts themselves, so that the same answer always meets the same one.

    Args:
        question: What was asked.
        reference: The true answer.
        candidate: The answer to rate.
    """
    used = {*words(question), *words(reference), *words(candidate)}
    free = [decoy for decoy in DECOYS if used.isdisjoint(words(decoy))]
    place = int.from_bytes(hashlib.sha256(f"{question}\0{reference}\0{candidate}".encode("utf-8", "replace")).digest())
    if free:
        return free[place % len(free)]
    return min(DECOYS, key=lambda decoy: Levenshtein.normalized_similarity(decoy, candidate))


def says_the_same(reference: str, candidate: str) -> bool:
    """Tell whether a candidate is the reference itself, which no attack can be.

    Args:
        reference: The true answer.
        candidate: The answer to rate.
    """
    return folded_text(reference) == folded_text(candidate)
