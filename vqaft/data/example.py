"""One question about one or several images."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

from vqaft.errors import DataError, ImageError, MissingExtraError, StateError, shown
from vqaft.images import ImageSource, check_source, describe_source, make_preview
from vqaft.notebook import card, heading, marked, no_picture, note, picture
from vqaft.serialization import equal_values

QuestionKind: TypeAlias = Literal["closed", "open"]
"""A closed question is answered by choosing from a list, an open one freely."""

_KINDS = frozenset(get_args(QuestionKind))
_NO_METADATA: Mapping[str, Any] = MappingProxyType({})
_SHOWN = 5
_SHOWN_IMAGES = 4
_SHOWN_TURNS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """An earlier exchange of a conversation, before the question of an example.

    Attributes:
        question: What the user asked.
        answer: What the assistant answered.
        n_images: How many images of the example are shown with this question; they are taken in order.
        trained: Whether the answer is trained on; False writes it with weight 0.

    Raises:
        DataError: If a text is empty or not a string, or `n_images` is negative.
    """

    question: str
    answer: str
    n_images: int = 0
    trained: bool = True

    def __post_init__(self) -> None:
        _check_text(self.question, "the question of a turn", None)
        _check_text(self.answer, "the answer of a turn", None)
        if not _is_whole(self.n_images) or self.n_images < 0:
            raise DataError(f"n_images is {shown(self.n_images)}, not an integer of at least 0")
        if not isinstance(self.trained, bool):
            raise DataError(f"trained is {shown(self.trained)}, not True or False")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class VQAExample:
    """A question about one or several images, with the answers that count as correct.

    Holds no decoded pixels: `images` says where they are (or is the bytes of the files), so that examples are cheap to
    keep and to pickle. `VQAExample(image=…)` is the short form for one image, `VQAExample(images=(…))` the general one;
    `dataclasses.replace(example, image=…)` replaces the only image.
    Two examples are equal if all their fields are; images given as pixels are compared by their pixels.

    Attributes:
        id: Identifies the example in every file and table; unique within a dataset.
        images: Every image that the conversation shows, in order: paths, bytes of image files, URLs, and so on.
        question: What is asked.
        answers: The correct answers; the first is the canonical one, which is trained on. Empty if unknown.
        question_type: The question's type in this domain, e.g. "color" or "title".
        kind: Closed or open, if a rule decided it (see `with_kinds`); by default `question_kind` goes by the answer.
        group: What must not be split between training and test, e.g. the patient; the images themselves by default.
        metadata: Any other columns of the row, for slices and reports; a read-only copy is kept.
        history: Earlier turns of the conversation. Images that no turn shows are shown with the question.

    Raises:
        DataError: If the id, the question or an answer is empty or not a string, or a field has the wrong type; it
            names the field and its value.
        ImageError: If there is no image, or one is of a type that cannot hold an image.
    """

    id: str
    images: tuple[ImageSource, ...]
    question: str
    answers: tuple[str, ...]
    question_type: str | None
    kind: QuestionKind | None
    group: str | None
    metadata: Mapping[str, Any]
    history: tuple[Turn, ...]

    def __init__(  # noqa: PLR0913 - the fields of a value
        self,
        *,
        id: str,  # noqa: A002 - the name of the field
        question: str,
        image: ImageSource | None = None,
        images: Iterable[ImageSource] | None = None,
        answers: Iterable[str] = (),
        question_type: str | None = None,
        kind: QuestionKind | None = None,
        group: str | None = None,
        metadata: Mapping[str, Any] = _NO_METADATA,
        history: Iterable[Turn] = (),
    ) -> None:
        _check_text(id, "the id", None, hint="Give every example an id of its own.")
        _check_text(question, "the question", id)
        _check_optional(question_type, "question_type", id)
        _check_optional(group, "group", id)
        if not _is_kind(kind):
            raise DataError(f"kind is {shown(kind)}, not 'closed' or 'open'", example_id=id)
        if metadata is not _NO_METADATA and not isinstance(metadata, Mapping):
            raise DataError(f"metadata is {shown(metadata)}, not a mapping", example_id=id)
        names: list[object] = list(metadata)
        if odd := [name for name in names if not isinstance(name, str)]:
            raise DataError(f"the metadata has the name {shown(odd[0])}, not a string", example_id=id)
        pictures = _images(image, images, id)
        turns = _history(history, len(pictures), id)
        kept = MappingProxyType(dict(metadata)) if metadata else _NO_METADATA
        asked, known = _held_once(question), _held_once(_answers(answers, id))
        values = (id, _held_once(pictures), asked, known, question_type, kind, group, kept, turns)
        for name, value in zip(_FIELDS, values, strict=True):
            object.__setattr__(self, name, value)

    @property
    def image(self) -> ImageSource:
        """The first image, which is the only one of most examples."""
        return self.images[0]

    @property
    def answer(self) -> str:
        """The canonical answer.

        Raises:
            DataError: If the example has no answer.
        """
        if not self.answers:
            raise DataError("no answer is known", example_id=self.id)
        return self.answers[0]

    @property
    def n_question_images(self) -> int:
        """How many images are shown with the question itself; the others belong to earlier turns."""
        return len(self.images) - sum(turn.n_images for turn in self.history)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, VQAExample):
            return NotImplemented
        return self is other or all(equal_values(getattr(self, name), getattr(other, name)) for name in _FIELDS)

    def __hash__(self) -> int:
        return hash((self.id, self.question, self.answers, self.question_type, self.group, len(self.images)))

    def __repr__(self) -> str:
        images = ", ".join(describe_source(image) for image in self.images)
        parts = [f"id={self.id!r}", f"images=({images})", f"question={shown(self.question)}"]
        parts.append(f"answers={shown(self.answers)}")
        parts += [f"{name}={shown(value)}" for name in _OPTIONAL if (value := getattr(self, name)) is not None]
        parts += [f"metadata={shown(dict(self.metadata))}"] if self.metadata else []
        parts += [f"history={len(self.history)} turns"] if self.history else []
        return f"VQAExample({', '.join(parts)})"

    def _repr_html_(self) -> str:
        pictures = [_picture(image, self.id) for image in self.images[:_SHOWN_IMAGES]]
        more = len(self.images) - len(pictures)
        turns = [marked("earlier", f"{turn.question} – {turn.answer}") for turn in self.history[-_SHOWN_TURNS:]]
        known = [self.id, self.question_type, self.kind, self.group and f"group {self.group}"]
        known += [f"{more} more images"] if more else []
        answers = [marked("answer" if place == 0 else "or", text) for place, text in enumerate(self.answers[:_SHOWN])]
        facts = note(" · ".join(filter(None, known)))
        return card(pictures, [*turns, heading(self.question), *(answers or [note("no answer is known")]), facts])

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy does not pickle; the plain dict behind it does.
        values = {name: getattr(self, name) for name in _FIELDS}
        return _rebuild, ({**values, "metadata": dict(self.metadata)},)


_MOST_SHARED = 8192
_LONGEST_SHARED = 200  # characters
_shared: dict[Any, Any] = {}


def _held_once(value: Any) -> Any:
    """Return the equal text, or tuple of one text, that an earlier example holds, so that neighbors share it.

    Datasets repeat questions, answers and images. What is remembered is bounded: 8,192 values of 200 characters.
    """
    text = value[0] if type(value) is tuple and len(value) == 1 else value
    if type(text) is not str or len(text) > _LONGEST_SHARED:
        return value
    if len(_shared) >= _MOST_SHARED:
        _shared.clear()
    return _shared.setdefault(value, value)


_FIELDS = tuple(VQAExample.__dataclass_fields__)
_OPTIONAL = ("question_type", "kind", "group")


def _picture(image: ImageSource, example_id: str) -> str:
    try:
        return picture(make_preview(image).data_url, alt=f"Image of {example_id}")
    except (ImageError, MissingExtraError, StateError) as error:
        return no_picture(error)


def _rebuild(values: dict[str, Any]) -> VQAExample:
    return VQAExample(**values)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _named(example_id: object) -> str | None:
    return example_id if isinstance(example_id, str) else None


def _check_text(value: object, what: str, example_id: object, hint: str | None = None) -> None:
    if not isinstance(value, str):
        raise DataError(f"{what} is {shown(value)}, not a string", example_id=_named(example_id), hint=hint)
    if not value.strip():
        raise DataError(f"{what} is empty", example_id=_named(example_id), hint=hint)


def _is_kind(kind: object) -> bool:
    return kind is None or (isinstance(kind, str) and kind in _KINDS)


def _entries(values: object) -> tuple[Any, ...] | None:
    """Return the entries of a list, tuple or other iterable; None for a string and for what has no entries."""
    if type(values) is tuple:
        return values
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        return None
    try:
        return tuple(values)
    except TypeError:  # an array without dimensions
        return None


def _check_optional(value: object, name: str, example_id: str) -> None:
    if value is not None and not isinstance(value, str):
        raise DataError(f"{name} is {shown(value)}, not a string or None", example_id=example_id)


def _answers(answers: Iterable[str], example_id: str) -> tuple[str, ...]:
    known = _entries(answers)
    if known is None:
        hint = "Write answers=('…',)."
        raise DataError(f"answers is {shown(answers)}, not a tuple of strings", example_id=example_id, hint=hint)
    for number, answer in enumerate(known):
        if not isinstance(answer, str):
            raise DataError(f"answers[{number}] is {shown(answer)}, not a string", example_id=example_id)
        if not answer.strip():
            raise DataError("an answer is empty", example_id=example_id, hint="Leave out answers that are not known.")
    return known


def _images(image: object, images: object, example_id: str) -> tuple[ImageSource, ...]:
    if images is None and type(image) is str and image:
        return (image,)
    if image is not None:
        images = _only(image, images, example_id)
    if not isinstance(images, tuple | list) and images is not None:
        hint = "Use image=… for one image."
        raise ImageError(f"images is {shown(images)}, not a tuple of images", example_id=example_id, hint=hint)
    if not images:
        raise ImageError("there is no image", example_id=example_id)
    try:
        return tuple(map(check_source, images))
    except ImageError as error:
        error.example_id = example_id
        raise


def _only(image: object, images: object, example_id: str) -> tuple[object]:
    """Return `image` as the only image, in place of at most one that an example had."""
    if isinstance(image, tuple | list):
        hint = "Use images=(…) for several images."
        raise ImageError(f"image is {shown(image)}, not one image", example_id=example_id, hint=hint)
    if isinstance(images, tuple | list) and len(images) > 1:
        hint = "Replace images, not image, where there are several."
        raise ImageError("both image and several images are given", example_id=example_id, hint=hint)
    return (image,)


def _history(history: object, n_images: int, example_id: str) -> tuple[Turn, ...]:
    turns = _entries(history)
    if turns is None:
        raise DataError(f"history is {shown(history)}, not a tuple of turns", example_id=example_id)
    stray = [turn for turn in turns if not isinstance(turn, Turn)]
    if stray:
        hint = "Write history=(Turn(question=…, answer=…),)."
        raise DataError(f"history holds {shown(stray[0])}, not a Turn", example_id=example_id, hint=hint)
    used = sum(turn.n_images for turn in turns)
    if used > n_images:
        raise DataError(f"the history shows {used} images, but the example has {n_images}", example_id=example_id)
    return turns
