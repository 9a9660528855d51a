"""Which answers a data set gives, and how often."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape
from types import MappingProxyType

from vqaft.data.example import VQAExample


@dataclass(frozen=True, kw_only=True)
class AnswerDistribution:
    """How often each answer is the canonical one, by question type.

    Attributes:
        types: For each type (`""` where there is none), its answers without regard to case, the most frequent first.
    """

    types: Mapping[str, Mapping[str, int]]

    @property
    def pairs(self) -> int:
        """How many pairs have an answer."""
        return sum(sum(answers.values()) for answers in self.types.values())

    @property
    def majority(self) -> float:
        """The accuracy of always giving the most frequent answer of the type: what a model must beat."""
        return sum(max(answers.values()) for answers in self.types.values()) / self.pairs if self.pairs else 0.0

    def __str__(self) -> str:
        width = max([4, *map(len, self.types)])
        lines = [f"{'type':<{width}}   pairs  answers  most frequent"]
        for name, answers in self.types.items():
            total, (first, count) = sum(answers.values()), next(iter(answers.items()))
            lines.append(f"{name:<{width}}  {total:>6}  {len(answers):>7}  {first} ({count / total:.1%})")
        lines.append(f"always the most frequent answer of the type: {self.majority:.1%} right")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def answer_distribution(examples: Iterable[VQAExample]) -> AnswerDistribution:
    """Count the canonical answers of each question type.

    Args:
        examples: The examples; those without an answer do not count.

    Returns:
        The counts; types in the order of their names.
    """
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for example in examples:
        if example.answers:
            counts[example.question_type or ""][example.answer.casefold()] += 1
    types = {name: MappingProxyType(dict(answers.most_common())) for name, answers in sorted(counts.items())}
    return AnswerDistribution(types=MappingProxyType(types))
