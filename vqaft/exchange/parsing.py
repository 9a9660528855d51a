"""Turns as the formats write them → an example."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from vqaft.data import Turn, VQAExample
from vqaft.errors import DataError
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
        trained: Whether an answer is trained on.
    """

    role: str
    text: str
    images: tuple[ImageSource, ...] = field(default=(), repr=False)
    trained: bool = True


def example_of_turns(turns: Iterable[ParsedTurn], *, row_id: str) -> VQAExample:
    """Return the example of a row: its last question, with the earlier ones as history.

    Args:
        turns: The turns, in order; those of the system are ignored.
        row_id: The id of the example.

    Raises:
        DataError: If questions and answers do not alternate, or a text is empty.
        ImageError: If no turn has an image.
    """
    spoken = [turn for turn in turns if turn.role in _USER | _ASSISTANT]
    alternate = all(turn.role in (_USER, _ASSISTANT)[place % 2] for place, turn in enumerate(spoken))
    if not spoken or len(spoken) % 2 or not alternate:
        raise DataError("the turns of user and assistant do not alternate", example_id=row_id)
    *earlier, (question, answer) = zip(spoken[::2], spoken[1::2], strict=True)
    return VQAExample(
        id=row_id,
        images=[image for turn in spoken for image in turn.images],
        question=question.text,
        answers=(answer.text,),
        history=[
            Turn(question=asked.text, answer=said.text, n_images=len(asked.images), trained=said.trained)
            for asked, said in earlier
        ],
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
