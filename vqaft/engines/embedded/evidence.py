"""What the text of an image says about a question that names something itself.

"Is the amount more than 50?" can be answered by whoever can answer "What is the amount?" and compare; "Is it from
Smith & Sons?" by whoever can find the sender. So the engine asks itself the open questions that it learnt to answer
from the text, and compares each answer with the words and numbers of the question.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from vqaft.engines.embedded.question_features import words
from vqaft.engines.embedded.span_features import number_in

MOST_PROBES = 6
COMMON = 0.1
"""A word that this share of the training questions uses belongs to their form."""
CLOSE = 80.0


@dataclass(frozen=True, kw_only=True)
class Probes:
    """Open questions that the engine asks itself.

    Attributes:
        questions: The questions.
        form: Words that belong to the form of questions and name nothing.
    """

    questions: tuple[str, ...]
    form: frozenset[str] = field(repr=False)

    @classmethod
    def of(cls, answered: Sequence[str], questions: Sequence[str]) -> Probes:
        """Choose probes.

        Args:
            answered: Questions that the text answers, with repetitions.
            questions: All questions of the training data.
        """
        counts = Counter(answered)
        common = sorted(counts, key=lambda question: (-counts[question], question))[:MOST_PROBES]
        uses = Counter(word for question in questions for word in set(words(question)))
        form = frozenset(word for word, count in uses.items() if count >= COMMON * len(questions))
        return cls(questions=tuple(common), form=form)


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What an image's text says.

    Attributes:
        answers: To each probe the most probable span.
        text: All words of the image.
    """

    answers: tuple[str, ...]
    text: frozenset[str] = field(repr=False)


def evidence(question: str, probes: Probes, findings: Findings) -> dict[str, float]:
    """Compare a question with what the image's text says.

    Args:
        question: What is asked.
        probes: The engine's own questions.
        findings: Their answers for the image.

    Returns:
        Features, and their products with the words that belong to the form of questions.
    """
    tokens = words(question)
    named = [token for token in tokens if token not in probes.form]
    plain = dict(_plain(question, named, findings))
    form = [token for token in dict.fromkeys(tokens) if token in probes.form]
    crossed = {f"{name}&{word}": value / 2 for name, value in plain.items() for word in form}
    return plain | crossed


def _plain(question: str, named: Sequence[str], findings: Findings) -> Iterator[tuple[str, float]]:
    from rapidfuzz import fuzz

    if named:
        yield "named:read", 2.0 * _share_read(named, findings.text) - 1.0
    numbers = [float(text) for text in re.findall(r"\d+(?:\.\d+)?", question)]
    rest = "".join(named)
    for index, answer in enumerate(findings.answers):
        if rest:
            alike = fuzz.ratio(rest, "".join(words(answer)))
            yield f"alike{index}", alike / 50.0 - 1.0
            yield f"close{index}", 1.0 if alike >= CLOSE else -1.0
        value = number_in(answer)
        if value is not None and numbers:
            yield f"more{index}", 1.0 if value > numbers[-1] else -1.0


def _share_read(named: Sequence[str], text: frozenset[str]) -> float:
    from rapidfuzz import fuzz, process

    found = [process.extractOne(token, text, scorer=fuzz.ratio, score_cutoff=CLOSE) is not None for token in named]
    return sum(found) / len(found)
