"""Label quality: conflicting answers to one question about one picture, and the distribution of answers."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from types import MappingProxyType

from pydantic import NonNegativeInt

from vqaft.data.example import VQAExample
from vqaft.data.image_table import ImageTable, same_picture
from vqaft.escape import visible
from vqaft.images import NEAR_DISTANCE
from vqaft.serialization import reduce_by_fields
from vqaft.typed import typed, typed_call


@dataclass(frozen=True, kw_only=True)
@typed
class LabelConflict:
    """Two examples that cannot both be right.

    Attributes:
        examples: The two; no acceptable answer of one is acceptable in the other.
        same: Whether they show the same file; else two files of one picture.
    """

    examples: tuple[VQAExample, VQAExample]
    same: bool

    def __str__(self) -> str:
        one, other = self.examples
        return f"{visible(one.id)} and {visible(other.id)}: {one.question!r} is {one.answer!r} and {other.answer!r}"


@typed_call
def label_conflicts(
    examples: Iterable[VQAExample], *, distance: NonNegativeInt | None = NEAR_DISTANCE
) -> tuple[LabelConflict, ...]:
    """Find examples that ask the same of the same picture, and answer differently.

    Questions and answers are compared without regard to case and blanks. Images that look alike are
    compared closely, so that a red and a blue copy of a shape, or two receipts of one shop, are no conflict.

    Args:
        examples: The examples; those without an answer do not count.
        distance: How many of 64 bits may differ between images that look alike; None to compare contents only.

    Returns:
        One conflict for each example that contradicts an earlier one, in the order of the input.

    Raises:
        ImageError: If an image cannot be read.
    """
    answered = [example for example in examples if example.answers]
    if not answered:
        return ()
    images = ImageTable.of(answered, looks=distance is not None)
    looks = images.look_groups(distance)
    asked: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    found = []
    for index, example in enumerate(answered):
        pictures = images.of_example(index)
        earlier = asked[tuple(looks[list(pictures)]), example.history, _plain(example.question)]
        conflict = _contradicted(answered, earlier, index, images)
        if conflict is not None:
            found.append(conflict)
        earlier.append(index)
    return tuple(found)


def _contradicted(
    examples: Sequence[VQAExample], earlier: Sequence[int], index: int, images: ImageTable
) -> LabelConflict | None:
    example = examples[index]
    for other in earlier:
        if _answers(examples[other]) & _answers(example):
            continue
        same = images.of_example(other) == images.of_example(index)
        if same or all(map(same_picture, examples[other].images, example.images)):
            return LabelConflict(examples=(examples[other], example), same=same)
    return None


def _answers(example: VQAExample) -> set[str]:
    return {_plain(answer) for answer in example.answers}


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


@dataclass(frozen=True, kw_only=True)
@typed
class AnswerDistribution:
    """How often each answer is the canonical one, by question type.

    Attributes:
        types: For each type (`""` where there is none), its answers without regard to case, the most frequent first.
    """

    types: Mapping[str, Mapping[str, int]] = field(hash=False)

    __reduce__ = reduce_by_fields

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
        return visible("\n".join(lines), keep="\n")

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


@typed_call
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
