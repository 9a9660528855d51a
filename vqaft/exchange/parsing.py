"""Turns as the formats write them → examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from vqaft.data import VQAExample
from vqaft.errors import DataError, ImageError
from vqaft.images import ImageSource

_USER = frozenset({"user", "human"})
_ASSISTANT = frozenset({"assistant", "gpt", "model"})


@dataclass(frozen=True, kw_only=True)
class ParsedTurn:
    """A turn that was read.

    Attributes:
        role: As the format has it.
        text: Its text, without placeholders.
        images: Its images.
    """

    role: str
    text: str
    images: tuple[ImageSource, ...] = field(default=(), repr=False)


def new_example(*, images: Sequence[ImageSource], **values: Any) -> VQAExample:
    """Create an example that shows images.

    Raises:
        ImageError: If there is none.
    """
    if not images:
        raise ImageError("the row has no image", example_id=values.get("id"))
    return VQAExample(image=images[0], **values)


def examples_of_turns(turns: Iterable[ParsedTurn], *, row_id: str) -> Iterator[VQAExample]:
    """Yield the questions of a row: those about its last images, since few-shot examples show images of their own.

    Args:
        turns: The turns, in order; those of the system are ignored.
        row_id: The id of the row; `-0`, `-1` … is appended where it has several questions.

    Raises:
        DataError: If questions and answers do not alternate.
        ImageError: If no turn has an image.
    """
    spoken = [turn for turn in turns if turn.role in _USER | _ASSISTANT]
    if any(turn.role not in (_USER, _ASSISTANT)[place % 2] for place, turn in enumerate(spoken)) or len(spoken) % 2:
        raise DataError("the turns of user and assistant do not alternate", example_id=row_id)
    pairs = list(zip(spoken[::2], spoken[1::2], strict=True))
    first = max((place for place, (question, _) in enumerate(pairs) if question.images), default=0)
    own = pairs[first:]
    for number, (question, answer) in enumerate(own):
        yield new_example(
            images=own[0][0].images,
            id=f"{row_id}-{number}" if len(own) > 1 else row_id,
            question=question.text,
            answers=(answer.text,),
        )


def split_images(
    texts: Sequence[str], images: Sequence[ImageSource], placeholder: str
) -> Iterator[tuple[str, tuple[ImageSource, ...]]]:
    """Yield each text without its placeholders, and the images that they stand for.

    Args:
        texts: The texts, in order.
        images: All images of the row, in order.
        placeholder: E.g. `<image>`.

    Raises:
        DataError: If there are not as many placeholders as images.
    """
    counts = [text.count(placeholder) for text in texts]
    if sum(counts) != len(images):
        raise DataError(f"the row has {sum(counts)} placeholders {placeholder} for {len(images)} images")
    taken = 0
    for text, count in zip(texts, counts, strict=True):
        yield text.replace(placeholder, ""), tuple(images[taken : taken + count])
        taken += count
