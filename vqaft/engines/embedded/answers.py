"""Known answers, and the features of a question about an image that they are classified by."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

Features = dict[str, float]
"""Named features; names not listed are 0."""
WORD = r"\d+(?:\.\d+)?|[^\W\d_]+"
"""A number or a word."""
MASK = "#"
"""Stands for a detected answer in a question, so that questions that differ in it alone share features."""
MAX_ANSWERS = 300


def words(text: str) -> list[str]:
    """Return the words and numbers of a text, in lower case, without punctuation."""
    return re.findall(WORD, text.casefold())


def shared_words(questions: Iterable[str]) -> list[str]:
    """Return the words that stand in all questions, such as those of a prompt template; none where little else is left.

    They say nothing of what is asked.
    """
    distinct = {frozenset(words(question)) for question in questions}
    shared = frozenset.intersection(*distinct)
    return sorted(shared) if all(found - shared for found in distinct) else []


def plain(question: str, template: Collection[str]) -> str:
    """Return the words of a question without those of a template."""
    return " ".join(word for word in words(question) if word not in template)


def question_features(
    question: str, detected: Mapping[str, float], summary: Iterable[float], evidence: Mapping[str, float]
) -> Features:
    """Describe a question about an image.

    Args:
        question: The question.
        detected: Probability of each answer that the detectors know.
        summary: A few numbers that sum up the image.
        evidence: What the text of the image says about the question.

    Returns:
        The words of the question, what is detected and read in the image, and their interactions.
    """
    tokens = words(question)
    masked, mentioned = _masked(tokens, detected)
    pattern = _ngrams(masked, "masked")
    features = _ngrams(tokens, "word") | pattern | dict(evidence)
    features |= {f"{name}&{token}": value / 2 for name, value in evidence.items() for token in tokens}
    features |= {f"detected:{name}": 2.0 * value - 1.0 for name, value in detected.items()}
    start = " ".join(tokens[:1])
    features |= {f"summary{n}{suffix}": 0.3 * value for n, value in enumerate(summary) for suffix in ("", start)}
    if mentioned:
        match = 4.0 * max(detected[name] for name in mentioned) - 2.0
        features |= {f"match&{name}": weight * match for name, weight in pattern.items()}
    return features


def _ngrams(tokens: Sequence[str], name: str) -> Features:
    """Return the words, pairs of words and first words of a question; their squares sum to about 3."""
    found = [f"{name}:{token}" for token in tokens]
    found += [f"{name}:{first} {second}" for first, second in itertools.pairwise(tokens)]
    weight = math.sqrt(2.0 / max(len(found), 1))
    return dict.fromkeys(found, weight) | {f"{name}^{' '.join(tokens[:size])}": 0.7 for size in (1, 2) if tokens}


def _masked(tokens: Sequence[str], names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Replace the detected answers that a question mentions, the longest first; return them too."""
    known = {" ".join(words(name)): name for name in names}
    text, mentioned = f" {' '.join(tokens)} ", []
    for phrase in sorted(known, key=len, reverse=True):
        if phrase and f" {phrase} " in text:
            mentioned.append(known[phrase])
            text = text.replace(f" {phrase} ", f" {MASK} ")
    return text.split(), mentioned


def recurring(answers: Iterable[str]) -> dict[str, str]:
    """Return the answers that occur more than once, or all where none does.

    Returns:
        By the answer in lower case, its most frequent spelling; at most the 300 most frequent.
    """
    spellings: dict[str, Counter[str]] = {}
    for answer in answers:
        spellings.setdefault(answer.casefold(), Counter())[answer] += 1
    several = {key: found for key, found in spellings.items() if found.total() > 1} or spellings
    ranked = sorted(several, key=lambda key: (-several[key].total(), key))[:MAX_ANSWERS]
    return {key: min(several[key], key=lambda answer: (-several[key][answer], answer)) for key in ranked}
