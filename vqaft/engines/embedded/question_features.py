"""What the engine reads in a question."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence

MASK = "#"
"""Stands for a concept in a question, so that questions that differ by the concept alone look the same."""


def words(text: str) -> list[str]:
    """The words of a text, in lower case, without marks."""
    return re.findall(r"[^\W_]+", text.casefold())


def grams(tokens: Sequence[str], name: str) -> dict[str, float]:
    """Count words, pairs of words and the first words of a question.

    Args:
        tokens: The words.
        name: Put before each feature's name.

    Returns:
        Features whose squares sum to about 3, however long the question.
    """
    found = [f"{name}:{token}" for token in tokens]
    found += [f"{name}:{first} {second}" for first, second in itertools.pairwise(tokens)]
    weight = math.sqrt(2.0 / max(len(found), 1))
    return dict.fromkeys(found, weight) | {f"{name}^{' '.join(tokens[:size])}": 0.7 for size in (1, 2) if tokens}


def question_features(question: str, scores: Mapping[str, float], glimpse: Sequence[float]) -> dict[str, float]:
    """Describe a question about an image for the answer classifier.

    Args:
        question: Its text.
        scores: Log-probability of each concept for the image.
        glimpse: A few numbers that sum up the image.

    Returns:
        The words of the question, what is seen in the image, and their interactions.
    """
    tokens = words(question)
    masked, mentioned = _masked(tokens, scores)
    features = grams(tokens, "q") | grams(masked, "m")
    features |= {f"seen:{name}": _centred(score) for name, score in scores.items()}
    features |= {f"glimpse{index}": value for index, value in enumerate(glimpse)}
    if mentioned:
        features |= _crossed("fits", grams(masked, "m"), max(_centred(scores[name]) for name in mentioned) * 2)
    start = " ".join(tokens[:1])
    features |= {f"glimpse{index}&{start}": value for index, value in enumerate(glimpse)}
    return features


def _crossed(name: str, features: Mapping[str, float], value: float) -> Iterator[tuple[str, float]]:
    return ((f"{name}&{other}", weight * value) for other, weight in features.items())


def _centred(score: float) -> float:
    """A log-probability as a number from -1 (excluded) to 1 (certain)."""
    return 2.0 * math.exp(score) - 1.0


def _masked(tokens: list[str], concepts: Mapping[str, float]) -> tuple[list[str], list[str]]:
    """Replace the concepts that a question names."""
    named = {tuple(words(name)): name for name in concepts}
    longest = max(map(len, named), default=0)
    masked: list[str] = []
    mentioned: list[str] = []
    at = 0
    while at < len(tokens):
        size = next((size for size in range(longest, 0, -1) if tuple(tokens[at : at + size]) in named), 0)
        if size:
            mentioned.append(named[tuple(tokens[at : at + size])])
        masked.append(MASK if size else tokens[at])
        at += size or 1
    return masked, mentioned
