"""Builder of training rows and requests from examples: one object for both, so that they cannot drift apart."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, get_args

from vqaft.chat import ChatRecord, Detail, DeveloperMessage, Message, SystemMessage, Weight
from vqaft.data import OnError, VQAExample, several_errors
from vqaft.errors import DataError, ImageError, shown
from vqaft.images import EncodedImage, ImageEncoder, ImageSource, RemoteImage, image_sha256, is_web_address
from vqaft.parallel import ordered_map, worker_count
from vqaft.records.image_cache import EncodedImageCache, SeenFiles
from vqaft.records.message_json import (
    MessageJSON,
    TextForm,
    answer_turn,
    array_pieces,
    instructions_turn,
    question_turn,
)
from vqaft.records.region import BoxEdit, BoxRegion
from vqaft.typed import typed, typed_call

_PLACE = "{question}"
_MOST_ROWS = 64  # of one image in one piece of work
_log = logging.getLogger("vqaft.records")


def canonical_answer(example: VQAExample) -> str:
    """Return the answer that is trained on by default: the first one, unchanged."""
    return example.answer


@dataclass(frozen=True, kw_only=True)
@typed
class MessageBuilder:
    """Builds a conversation from an example: with the answer for training, without it for requests.

    Thread-safe. Every image is encoded once, those of few-shot examples included.

    Attributes:
        system: The instructions; a `DeveloperMessage` if the model wants that role; no such message if None.
        encoder: Turns images into what the provider accepts. Public web addresses are passed on for the provider to
            fetch, unless this encoder fetches them.
        few_shot: Examples with answers that every conversation starts with.
        detail: How closely the model looks at images; left to the provider if None.
        question_template: The text of a question, with `{question}` in it.
        image_first: Whether the images stand before the text.
        format_answer: Example → the text that is trained on.
        few_shot_may_repeat: Whether a few-shot example may show an image that is also asked about. It gives away
            answers, so it is refused by default.
        region: Draws or crops a box that stands in an example's metadata; images are shown whole if None.
        text_as: How contents without images are written: as lists of parts, or as plain strings. See `TextForm`.

    Raises:
        DataError: If a field has the wrong type or value, the template has no place for the question, or a few-shot
            example has no answer.
    """

    system: str | SystemMessage | DeveloperMessage | None = None
    encoder: ImageEncoder = field(default_factory=ImageEncoder)
    few_shot: Sequence[VQAExample] = ()
    detail: Detail | None = None
    question_template: str = _PLACE
    image_first: bool = False
    format_answer: Callable[[VQAExample], str] = canonical_answer
    few_shot_may_repeat: bool = False
    region: BoxRegion | None = None
    text_as: TextForm = "parts"
    _images: EncodedImageCache = field(init=False, repr=False, compare=False, default_factory=EncodedImageCache)

    def __post_init__(self) -> None:
        _check_settings(self)
        object.__setattr__(self, "few_shot", _checked_few_shot(self.few_shot))

    def record(self, example: VQAExample) -> ChatRecord:
        """Build the training row of an example.

        Args:
            example: A question with an answer.

        Raises:
            DataError: If the example has no answer, shows the image of a few-shot example, or holds text that is not
                valid Unicode.
            ImageError: If an image of it cannot be used.
        """
        return self._record(example, SeenFiles())

    @typed_call
    def records(
        self, examples: Iterable[VQAExample], *, max_workers: int | None = None, on_error: OnError = "raise"
    ) -> Iterator[ChatRecord]:
        """Build the training rows of many examples, in their order, as a stream.

        Args:
            examples: Questions with answers.
            max_workers: How many threads encode images; as many as there are processors if None.
            on_error: What to do about examples that cannot be used. "raise" reads all examples and raises one error at
                the end that lists them; no row is made after the first of them. "skip" leaves them out, and reports
                their number once as a warning of the logger `vqaft.records`.

        Raises:
            DataError: As for `record`, for one or several examples.
            ImageError: If images cannot be used.
        """
        if on_error not in get_args(OnError):
            raise DataError(f"on_error is {shown(on_error)}, not 'raise' or 'skip'")
        return self._records(examples, max_workers=worker_count(max_workers), skips=on_error == "skip")

    def _records(self, examples: Iterable[VQAExample], *, max_workers: int, skips: bool) -> Iterator[ChatRecord]:
        bad: list[DataError] = []
        n_rows = 0
        for rows in ordered_map(
            self._rows, _by_images(examples), max_workers=max_workers, shortcut=self._rows_if_ready
        ):
            n_rows += len(rows)
            bad += (row for row in rows if isinstance(row, DataError))
            if skips or not bad:
                yield from (row for row in rows if isinstance(row, ChatRecord))
        if bad and not skips:
            raise bad[0] if len(bad) == 1 else several_errors(bad, n_rows, of="examples")
        if bad:
            _log.warning("%d of %d examples were left out; the first: %s", len(bad), n_rows, bad[0])

    def _rows(self, group: _Group) -> list[ChatRecord | DataError]:
        return [self._row(example, group.seen) for example in group.examples]

    def _row(self, example: VQAExample, seen: SeenFiles) -> ChatRecord | DataError:
        try:
            return self._record(example, seen)
        except DataError as error:
            return error

    def _record(self, example: VQAExample, seen: SeenFiles) -> ChatRecord:
        _check_example(example)
        return _record((*self._opening, *self._asked(example, seen), self._answered(example)), (example.id,))

    def _rows_if_ready(self, group: _Group) -> list[ChatRecord | DataError] | None:
        """Build the rows of images that need no encoding: threads would only wait for each other."""
        if self.region is not None:
            return None
        images = group.examples[0].images
        ready = all(self._images.ready(self.encoder, image, seen=group.seen) for image in images)
        return self._rows(group) if ready else None

    def conversation(self, examples: Sequence[VQAExample], *, weights: Sequence[Weight] | None = None) -> ChatRecord:
        """Build one row from several questions about the same images, which are sent, and paid for, once.

        Args:
            examples: At least one question with an answer; all show the same images.
            weights: For each answer 1, or 0 to exclude it from the training loss; left out if None.

        Raises:
            DataError: As for `record`, or if the examples show different images, or a later one has a history.
            ImageError: If an image cannot be used.
        """
        if not examples:
            raise DataError("a conversation needs at least one example")
        seen = SeenFiles()
        first = _key(examples[0], seen)
        said: Sequence[Weight | None] = [None] * len(examples) if weights is None else weights
        if len(said) != len(examples):
            raise DataError(f"there are {len(said)} weights for {len(examples)} examples")
        turns: list[MessageJSON] = [*self._opening]
        for example, weight in zip(examples, said, strict=True):
            follows = example is not examples[0]
            if _key(example, seen) != first or self._edits(example) != self._edits(examples[0]):
                raise DataError("it shows other images than the first of its conversation", example_id=example.id)
            if follows and example.history:
                raise DataError("it has a history of its own, and follows another question", example_id=example.id)
            turns += [self._follow_up(example)] if follows else self._asked(example, seen)
            turns.append(self._answered(example, weight=weight))
        return _record(tuple(turns), tuple(example.id for example in examples))

    def request(self, example: VQAExample) -> tuple[Message, ...]:
        """Build the messages that ask an example's question; they hold no answer to it.

        Raises:
            DataError: If the example shows the image of a few-shot example.
            ImageError: If an image of it cannot be used.
        """
        return tuple(turn.message for turn in self._request(example))

    def request_json(self, example: VQAExample) -> bytes:
        """Return the messages of `request` as a JSON array, without rendering their images anew."""
        return b"".join(array_pieces(self._request(example)))

    def _request(self, example: VQAExample) -> tuple[MessageJSON, ...]:
        _check_example(example)
        return (*self._opening, *self._asked(example, SeenFiles()))

    def settings(self) -> dict[str, Any]:
        """Return what rows are built with as plain values, for a manifest."""
        system = self.system
        return {
            "system": system if system is None or isinstance(system, str) else system.model_dump(),
            "encoder": self.encoder.describe(),
            "few_shot": [example.id for example in self.few_shot],
            "detail": self.detail,
            "question_template": self.question_template,
            "image_first": self.image_first,
            "format_answer": getattr(self.format_answer, "__qualname__", repr(self.format_answer)),
            "region": None if self.region is None else asdict(self.region),
            "text_as": self.text_as,
        }

    @cached_property
    def _opening(self) -> tuple[MessageJSON, ...]:
        return tuple(self._opening_turns())

    def _opening_turns(self) -> Iterator[MessageJSON]:
        if self.system is not None:
            message = SystemMessage(content=self.system) if isinstance(self.system, str) else self.system
            yield instructions_turn(message, form=self.text_as)
        for example in self.few_shot:
            yield from self._exchange(example, SeenFiles())
            yield self._answered(example)

    @cached_property
    def _few_shot_images(self) -> dict[str, str]:
        return {image_sha256(image): example.id for example in self.few_shot for image in example.images}

    def _asked(self, example: VQAExample, seen: SeenFiles) -> Iterator[MessageJSON]:
        """Yield the turns up to and including the question, with all images."""
        if self.few_shot and not self.few_shot_may_repeat:
            self._refuse_leak(example, seen)
        yield from self._exchange(example, seen)

    def _exchange(self, example: VQAExample, seen: SeenFiles) -> Iterator[MessageJSON]:
        pairs = zip(example.images, self._edits(example), strict=True)
        images = iter([self._encode(example, image, edit, seen) for image, edit in pairs])
        for turn in example.history:
            yield self._question(example, turn.question, list(itertools.islice(images, turn.n_images)))
            weight: Weight | None = None if turn.trained else 0
            yield answer_turn(_sound(turn.answer, "answer", example), form=self.text_as, weight=weight)
        yield self._question(example, example.question, list(images))

    def _follow_up(self, example: VQAExample) -> MessageJSON:
        return self._question(example, example.question, [])

    def _question(
        self, example: VQAExample, question: str, images: Sequence[EncodedImage | RemoteImage]
    ) -> MessageJSON:
        text = _sound(self.question_template.replace(_PLACE, question), "question", example)
        return question_turn(text, images, form=self.text_as, detail=self.detail, image_first=self.image_first)

    def _refuse_leak(self, example: VQAExample, seen: SeenFiles) -> None:
        known = self._few_shot_images
        for image in example.images:
            if (shown_by := known.get(seen.sha256(image))) is not None:
                raise DataError(
                    f"its image is also shown by the few-shot example {shown_by!r}",
                    example_id=example.id,
                    hint="Leave such examples out by without_images_of(examples, few_shot), or pass "
                    "few_shot_may_repeat=True.",
                )

    def _edits(self, example: VQAExample) -> list[BoxEdit | None]:
        region = self.region
        return [None if region is None else region.edit_of(example, place) for place in range(len(example.images))]

    def _encode(
        self, example: VQAExample, source: ImageSource, edit: BoxEdit | None, seen: SeenFiles
    ) -> EncodedImage | RemoteImage:
        try:
            if edit is None and self.encoder.accepted.fetch is None and is_web_address(source):
                return RemoteImage(url=str(source))
            return self._images.encode(self.encoder, source, edit=edit, seen=seen)
        except ImageError as error:
            error.example_id = error.example_id or example.id
            raise

    def _answered(self, example: VQAExample, *, weight: Weight | None = None) -> MessageJSON:
        return answer_turn(_sound(self.format_answer(example), "answer", example), form=self.text_as, weight=weight)


def _check_settings(builder: MessageBuilder) -> None:
    allowed: tuple[tuple[str, object, str], ...] = (
        (
            "system",
            isinstance(builder.system, str | SystemMessage | DeveloperMessage | None),
            "a string, a SystemMessage, a DeveloperMessage or None",
        ),
        ("encoder", isinstance(builder.encoder, ImageEncoder), "an ImageEncoder"),
        ("detail", builder.detail is None or builder.detail in get_args(Detail), "'auto', 'low', 'high' or None"),
        ("question_template", isinstance(builder.question_template, str), "a string"),
        ("image_first", isinstance(builder.image_first, bool), "True or False"),
        ("format_answer", callable(builder.format_answer), "a function of an example"),
        ("region", isinstance(builder.region, BoxRegion | None), "a BoxRegion or None"),
        ("text_as", builder.text_as in get_args(TextForm), "'parts' or 'string'"),
    )
    for name, fits, wanted in allowed:
        if not fits:
            raise DataError(f"{name} is {shown(getattr(builder, name))}, not {wanted}")
    if _PLACE not in builder.question_template:
        raise DataError(f"the question template has no {_PLACE}", hint=f"Write {_PLACE} where the question goes.")


def _checked_few_shot(few_shot: object) -> tuple[VQAExample, ...]:
    if isinstance(few_shot, VQAExample | str) or not isinstance(few_shot, Iterable):
        raise DataError(f"few_shot is {shown(few_shot)}, not a sequence of examples", hint="Write few_shot=(example,).")
    examples = tuple(few_shot)
    for example in examples:
        if not isinstance(example, VQAExample):
            raise DataError(f"few_shot holds {shown(example)}, not a VQAExample")
        if not example.answers:
            raise DataError("a few-shot example has no answer", example_id=example.id)
    return examples


@dataclass(frozen=True, kw_only=True)
class _Group:
    """Examples of the same images, and what the disk said about these."""

    examples: tuple[VQAExample, ...]
    seen: SeenFiles


def _by_images(examples: Iterable[VQAExample]) -> Iterator[_Group]:
    """Cut a stream of examples where the images change, and after 64 of the same images."""
    for _, group in itertools.groupby(examples, key=_sources):
        seen = SeenFiles()
        while chunk := tuple(itertools.islice(group, _MOST_ROWS)):
            yield _Group(examples=chunk, seen=seen)


def _key(example: VQAExample, seen: SeenFiles) -> Hashable:
    return tuple(map(seen.key, example.images))


def _sources(example: VQAExample) -> Hashable:
    """Return what is equal for examples of the same images, without a look at the disk."""
    _check_example(example)
    return tuple(image if isinstance(image, str | bytes) else id(image) for image in example.images)


def _check_example(example: object) -> None:
    if not isinstance(example, VQAExample):
        raise DataError(f"{shown(example)} is not a VQAExample")


def _sound(text: object, what: str, example: VQAExample) -> str:
    if not isinstance(text, str):
        raise DataError(f"the {what} is {shown(text)}, not a string", example_id=example.id)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DataError(f"the {what} is not valid Unicode", example_id=example.id) from error
    if not text.strip():
        raise DataError(f"the {what} is empty", example_id=example.id)
    return text


def _record(turns: tuple[MessageJSON, ...], example_ids: tuple[str, ...]) -> ChatRecord:
    row = ChatRecord(messages=tuple(turn.message for turn in turns))
    return row.with_pieces(b'{"messages":', *array_pieces(turns), b"}", example_ids=example_ids)
