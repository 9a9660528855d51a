"""The rows that targets write: conversations with encoded images, as the builder makes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import chain
from typing import Literal, TypeAlias

from vqaft.chat import ChatRecord, ImagePart, TextPart, Weight
from vqaft.data import Split, VQAExample
from vqaft.errors import DataError, shown
from vqaft.images import EncodedImage, InputLimits, RemoteImage, data_url_bytes, inspect_image
from vqaft.parallel import ordered_map, worker_count
from vqaft.records import MessageBuilder
from vqaft.typed import typed

Part: TypeAlias = str | EncodedImage | RemoteImage
"""A piece of a turn: text, an image, or the public address of an image."""


@dataclass(frozen=True, kw_only=True)
@typed
class Conversation:
    """Several questions about the same images, exported as one row in which the images stand once.

    Attributes:
        examples: At least one question with an answer; all show the same images.
        weights: For each answer 1, or 0 to exclude it from the training loss; left out if None.

    Raises:
        DataError: If there is no example, or not one weight for each.
    """

    examples: tuple[VQAExample, ...]
    weights: tuple[Weight, ...] | None = None

    def __post_init__(self) -> None:
        if not _is_listed(self.examples):
            raise DataError(f"examples is {shown(self.examples)}, not a sequence of examples")
        object.__setattr__(self, "examples", tuple(self.examples))
        if not self.examples or not all(isinstance(example, VQAExample) for example in self.examples):
            raise DataError(f"examples is {shown(self.examples)}, not one example or more")
        if self.weights is not None:
            object.__setattr__(self, "weights", tuple(self.weights))
            if len(self.weights) != len(self.examples) or not set(self.weights) <= {0, 1}:
                raise DataError(f"weights is {self.weights!r}, not 0 or 1 for each of {len(self.examples)} examples")


Exportable: TypeAlias = Iterable[VQAExample | Conversation]


@dataclass(frozen=True, kw_only=True)
@typed
class RowTurn:
    """A message of the user or the assistant.

    Attributes:
        role: The author.
        parts: Texts and images, in their order.
        weight: 0 excludes an answer from the training loss; left out if None.
    """

    role: Literal["user", "assistant"]
    parts: tuple[Part, ...] = field(repr=False)
    weight: Weight | None = None

    @property
    def text(self) -> str:
        """The texts, joined without a separator, as most chat templates join them."""
        return "".join(part for part in self.parts if isinstance(part, str))

    @property
    def images(self) -> tuple[EncodedImage, ...]:
        """The images that have pixels."""
        return tuple(part for part in self.parts if isinstance(part, EncodedImage))

    def with_placeholders(self, placeholder: str) -> str:
        """Return the text with a placeholder where each image stands.

        Args:
            placeholder: E.g. `<image>`.
        """
        return "".join(part if isinstance(part, str) else placeholder for part in self.parts)


@dataclass(frozen=True, kw_only=True)
@typed
class Row:
    """One row of a training or evaluation file.

    Attributes:
        split: The split that it belongs to, e.g. "train".
        examples: The example that it was built from; several for a `Conversation`.
        record: The row as the chat format has it.
        system: The system prompt; None where the builder has none.
        turns: Questions and answers in turn, few-shot examples first.
    """

    split: str
    examples: tuple[VQAExample, ...]
    record: ChatRecord = field(repr=False)
    system: str | None
    turns: tuple[RowTurn, ...]

    @property
    def asked(self) -> tuple[RowTurn, ...]:
        """The turns of the row's own examples and of their history, without few-shot examples."""
        return self.turns[-2 * (len(self.examples[0].history) + len(self.examples)) :]

    @property
    def images(self) -> tuple[EncodedImage, ...]:
        """All images with pixels, in the order in which they stand; one that is shown twice stands here twice."""
        return tuple(chain.from_iterable(turn.images for turn in self.turns))

    @property
    def own_sources(self) -> tuple[EncodedImage | RemoteImage, ...]:
        """The images that the row's own questions are about, web addresses included."""
        return tuple(part for turn in self.asked for part in turn.parts if not isinstance(part, str))

    @property
    def own_images(self) -> tuple[EncodedImage, ...]:
        """The images that the row's own questions are about."""
        return tuple(chain.from_iterable(turn.images for turn in self.asked))


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Why one row cannot be exported.

    Attributes:
        example_id: The example; the first one of a conversation.
        message: What is wrong, in one sentence without a full stop.
    """

    example_id: str
    message: str

    def __str__(self) -> str:
        return f"example {self.example_id!r}: {self.message}"


def by_split(examples: Exportable | Mapping[str, Exportable] | Split) -> dict[str, Exportable]:
    """Return the examples of each split by its name; examples without splits are "train".

    Raises:
        DataError: If there are no examples but something else, or a name cannot be part of a file name.
    """
    if isinstance(examples, VQAExample | Conversation | str) or not isinstance(examples, Iterable | Split):
        raise DataError(f"examples is {shown(examples)}, not a sequence of examples", hint="Pass a list.")
    if isinstance(examples, Split):
        parts = {name: getattr(examples, name) for name in ("train", "validation", "test")}
        return {name: part for name, part in parts.items() if part}
    splits = dict(examples) if isinstance(examples, Mapping) else {"train": examples}
    for name in splits:
        if not re.fullmatch(r"[A-Za-z0-9_]+", name):
            raise DataError(f"the split {name!r} is not made of letters, digits and underscores")
    return splits


def build_rows(
    splits: Mapping[str, Exportable], builder: MessageBuilder, *, max_workers: int | None = None
) -> Iterator[Row | Problem]:
    """Build the rows of all splits as a stream, in order; images are encoded in threads.

    Args:
        splits: The examples of each split.
        builder: Makes conversations of examples.
        max_workers: How many threads encode images; as many as there are processors if None.

    Yields:
        Each row, or why it cannot be built.
    """
    count = worker_count(max_workers)
    for split, examples in splits.items():
        yield from ordered_map(partial(_build, split, builder), examples, max_workers=count)


def _build(split: str, builder: MessageBuilder, item: VQAExample | Conversation) -> Row | Problem:
    if not isinstance(item, VQAExample | Conversation):
        raise DataError(f"{shown(item)} is neither a VQAExample nor a Conversation")
    examples = item.examples if isinstance(item, Conversation) else (item,)
    try:
        if isinstance(item, Conversation):
            record = builder.conversation(item.examples, weights=item.weights)
        else:
            record = builder.record(item)
    except DataError as error:
        where = f"{error.path}: " if error.path else ""
        return Problem(example_id=error.example_id or examples[0].id, message=where + error.message)
    system, turns = _turns(record)
    return Row(split=split, examples=examples, record=record, system=system, turns=turns)


def _turns(record: ChatRecord) -> tuple[str | None, tuple[RowTurn, ...]]:
    system: str | None = None
    turns: list[RowTurn] = []
    for message in record.messages:
        parts = tuple(_parts(message.content))
        if message.role in {"system", "developer"}:
            system = "".join(part for part in parts if isinstance(part, str))
        elif message.role in {"user", "assistant"}:
            role: Literal["user", "assistant"] = "user" if message.role == "user" else "assistant"
            turns.append(RowTurn(role=role, parts=parts, weight=getattr(message, "weight", None)))
    return system, tuple(turns)


def _parts(content: str | Sequence[TextPart | ImagePart] | None) -> Iterator[Part]:
    if isinstance(content, str):
        yield content
        return
    for part in content or ():
        yield part.text if isinstance(part, TextPart) else image_of_url(part.image_url.url)


@lru_cache(maxsize=16)
def image_of_url(url: str) -> EncodedImage | RemoteImage:
    """Return the image of a data URL, or the address that a provider would fetch it from."""
    if not url.startswith("data:"):
        return RemoteImage(url=url)
    limits = InputLimits()
    data = data_url_bytes(url, limits)
    size = inspect_image(data, limits)
    mime = url.partition(",")[0].removeprefix("data:").partition(";")[0]
    return EncodedImage(data=data, mime=mime, width=size.width, height=size.height)


def _is_listed(examples: object) -> bool:
    return isinstance(examples, Iterable) and not isinstance(examples, VQAExample | str)
