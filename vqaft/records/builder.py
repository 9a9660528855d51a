"""Examples → training rows and requests, by one object, so that the two cannot drift apart.

Examples of one image together, so that several images are encoded at once.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from vqaft.chat import ChatRecord, Detail, DeveloperMessage, Message, SystemMessage, Weight
from vqaft.data import VQAExample
from vqaft.errors import DataError, ImageError
from vqaft.images import EncodedImage, ImageEncoder, RemoteImage, image_sha256, is_web_address
from vqaft.parallel import ordered_map
from vqaft.records.image_cache import EncodedImageCache, image_key
from vqaft.records.message_json import Turn, answer_turn, array_pieces, image_turn, plain_turn, question_turn

_MOST = 64


def groups_by_image(examples: Iterable[VQAExample]) -> Iterator[tuple[VQAExample, ...]]:
    """Cut a stream of examples where the image changes, and after 64 of one image.

    Args:
        examples: Any examples; their order is kept.
    """
    for _, group in itertools.groupby(examples, key=_key):
        while chunk := tuple(itertools.islice(group, _MOST)):
            yield chunk


def _key(example: VQAExample) -> Hashable:
    try:
        return image_key(example.image)
    except ImageError:
        return example.id  # the error is raised when its turn comes, with the example's id


_PLACE = "{question}"


def canonical_answer(example: VQAExample) -> str:
    """Give the answer that is trained on where nothing else is asked for: the first one, as it is."""
    return example.answer


@dataclass(frozen=True, kw_only=True)
class MessageBuilder:
    """Makes a conversation of an example: with the answer for training, without it for asking.

    Threads may share a builder. Every image is encoded once, few-shot examples included.

    Attributes:
        system: What the model is told first; a `DeveloperMessage` where the model wants that role; nothing where None.
        encoder: Turns images into what the provider accepts. Public web addresses are passed on for the provider to
            fetch, unless this encoder fetches them.
        few_shot: Examples with answers that every conversation starts with.
        detail: How closely the model looks at images; left to the provider where None.
        question_template: The text of a question, with `{question}` in it.
        image_first: Whether the image stands before the text.
        format_answer: Example → the text that is trained on.
        few_shot_may_repeat: Whether a few-shot example may show an image that is also asked about. It gives away
            answers, so it is refused unless it is meant.

    Raises:
        DataError: If the template has no place for the question, or a few-shot example no answer.
    """

    system: str | SystemMessage | DeveloperMessage | None = None
    encoder: ImageEncoder = field(default_factory=ImageEncoder)
    few_shot: Sequence[VQAExample] = ()
    detail: Detail | None = None
    question_template: str = _PLACE
    image_first: bool = False
    format_answer: Callable[[VQAExample], str] = canonical_answer
    few_shot_may_repeat: bool = False
    _images: EncodedImageCache = field(init=False, repr=False, compare=False, default_factory=EncodedImageCache)

    def __post_init__(self) -> None:
        if _PLACE not in self.question_template:
            raise DataError(f"the question template has no {_PLACE}", hint=f"Write {_PLACE} where the question goes.")
        object.__setattr__(self, "few_shot", tuple(self.few_shot))
        for example in self.few_shot:
            if not example.answers:
                raise DataError("a few-shot example has no answer", example_id=example.id)

    def record(self, example: VQAExample) -> ChatRecord:
        """Make the training row of an example.

        Args:
            example: A question with an answer.

        Raises:
            DataError: If the example has no answer, shows the image of a few-shot example, or holds text that is not
                valid Unicode.
            ImageError: If its image cannot be used.
        """
        return _record((*self._opening, self._asked(example), self._answered(example)), (example.id,))

    def records(self, examples: Iterable[VQAExample], *, workers: int | None = None) -> Iterator[ChatRecord]:
        """Make the training rows of many examples, in their order, as a stream.

        Args:
            examples: Questions with answers.
            workers: How many threads encode images; as many as there are processors where None.

        Raises:
            DataError: As for `record`.
            ImageError: If an image cannot be used.
        """
        workers = workers or os.cpu_count() or 1
        for rows in ordered_map(self._rows, groups_by_image(examples), workers=workers, shortcut=self._rows_at_once):
            yield from rows

    def _rows(self, examples: Sequence[VQAExample]) -> list[ChatRecord]:
        return [self.record(example) for example in examples]

    def _rows_at_once(self, examples: Sequence[VQAExample]) -> list[ChatRecord] | None:
        """Make the rows of an image that needs no encoding: threads would only wait for each other."""
        ready = self._images.ready(self.encoder, examples[0].image)
        return self._rows(examples) if ready else None

    def conversation(self, examples: Sequence[VQAExample], *, weights: Sequence[Weight] | None = None) -> ChatRecord:
        """Make one row of several questions about one image, which is sent, and paid for, once.

        Args:
            examples: At least one question with an answer; all show the same image.
            weights: For each answer 1, or 0 to keep it out of the training loss; not said where None.

        Raises:
            DataError: As for `record`, or if the examples show several images.
            ImageError: If the image cannot be used.
        """
        if not examples:
            raise DataError("a conversation needs at least one example")
        first = image_key(examples[0].image)
        said: Sequence[Weight | None] = [None] * len(examples) if weights is None else weights
        turns: list[Turn] = [*self._opening]
        for example, weight in zip(examples, said, strict=True):
            if image_key(example.image) != first:
                raise DataError("it shows another image than the first of its conversation", example_id=example.id)
            turns += [self._asked(example, image=example is examples[0]), self._answered(example, weight=weight)]
        return _record(tuple(turns), tuple(example.id for example in examples))

    def request(self, example: VQAExample) -> tuple[Message, ...]:
        """Make the messages that ask an example's question; they hold no answer of it.

        Raises:
            DataError: If the example shows the image of a few-shot example.
            ImageError: If its image cannot be used.
        """
        return tuple(turn.message for turn in self._request(example))

    def request_json(self, example: VQAExample) -> bytes:
        """Give the messages of `request` as a JSON array, at the speed of memory."""
        return b"".join(array_pieces(self._request(example)))

    def _request(self, example: VQAExample) -> tuple[Turn, ...]:
        return (*self._opening, self._asked(example))

    def settings(self) -> dict[str, Any]:
        """Give what rows were built with as plain values, for a manifest."""
        system = self.system
        return {
            "system": system if system is None or isinstance(system, str) else system.model_dump(),
            "encoder": self.encoder.describe(),
            "few_shot": [example.id for example in self.few_shot],
            "detail": self.detail,
            "question_template": self.question_template,
            "image_first": self.image_first,
            "format_answer": getattr(self.format_answer, "__qualname__", repr(self.format_answer)),
        }

    @cached_property
    def _opening(self) -> tuple[Turn, ...]:
        return tuple(self._opening_turns())

    def _opening_turns(self) -> Iterator[Turn]:
        if self.system is not None:
            message = SystemMessage(content=self.system) if isinstance(self.system, str) else self.system
            yield plain_turn(message)
        for example in self.few_shot:
            yield self._image_turn(example)
            yield self._answered(example)

    @cached_property
    def _few_shot_images(self) -> dict[str, str]:
        return {image_sha256(example.image): example.id for example in self.few_shot}

    def _asked(self, example: VQAExample, *, image: bool = True) -> Turn:
        if not image:
            return question_turn(self._text(example))
        if self.few_shot and not self.few_shot_may_repeat:
            self._refuse_leak(example)
        return self._image_turn(example)

    def _refuse_leak(self, example: VQAExample) -> None:
        shown = self._few_shot_images.get(image_sha256(example.image))
        if shown is not None:
            raise DataError(
                f"its image is also shown by the few-shot example {shown!r}",
                example_id=example.id,
                hint="Take few-shot examples from images of their own, or say few_shot_may_repeat=True.",
            )

    def _image_turn(self, example: VQAExample) -> Turn:
        image = self._encode(example)
        return image_turn(self._text(example), image, detail=self.detail, image_first=self.image_first)

    def _encode(self, example: VQAExample) -> EncodedImage | RemoteImage:
        source = example.image
        try:
            if self.encoder.accepted.fetch is None and isinstance(source, str) and is_web_address(source):
                return RemoteImage(url=source)
            return self._images.encode(self.encoder, example.image)
        except ImageError as error:
            error.example_id = error.example_id or example.id
            raise

    def _text(self, example: VQAExample) -> str:
        return _sound(self.question_template.replace(_PLACE, example.question), "question", example)

    def _answered(self, example: VQAExample, *, weight: Weight | None = None) -> Turn:
        return answer_turn(_sound(self.format_answer(example), "answer", example), weight=weight)


def _sound(text: str, what: str, example: VQAExample) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"the {what} is not valid Unicode", example_id=example.id) from error
    if not text.strip():
        raise DataError(f"the {what} is empty", example_id=example.id)
    return text


def _record(turns: tuple[Turn, ...], example_ids: tuple[str, ...]) -> ChatRecord:
    row = ChatRecord(messages=tuple(turn.message for turn in turns))
    return row.with_pieces(b'{"messages":', *array_pieces(turns), b"}", example_ids=example_ids)
