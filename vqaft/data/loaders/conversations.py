"""Conversations about images in every form that providers and trainers document, as examples."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from os import PathLike
from typing import Any, Literal, TypeAlias, get_args

from pydantic import NonNegativeInt

from vqaft.chat import Exchange, ParsedMessage, exchanges_of, parse_message
from vqaft.data.example import Turn, VQAExample
from vqaft.data.loaders.cells import one_image_of, text_of
from vqaft.data.loaders.chat_forms import Conversation, conversation_of
from vqaft.data.loaders.image_path import FindImage, image_finder, root_of
from vqaft.data.loaders.stream import ExampleStream, OnError, PlacedRow
from vqaft.data.loaders.tables import parse_json, read_table
from vqaft.errors import DataError, ImageError, shown
from vqaft.filesystem import FileInfo, Location, file_info, location_of, read_bytes, read_range
from vqaft.images import ImageSource, InputLimits, read_source
from vqaft.typed import typed_call

TurnChoice: TypeAlias = Literal["last", "all", "conversation"]
"""Which questions of a conversation become examples.

"last": the last one that is trained on, alone, where earlier ones are few-shot examples. "all": every one that is
trained on, each alone. "conversation": the last one, with the earlier turns as its history.
"""

_PLACEHOLDER = re.compile(r"<image>", re.IGNORECASE)


@typed_call
def load_conversations(
    path: str | PathLike[str],
    *,
    images: str | PathLike[str] | None = None,
    turns: TurnChoice = "last",
    without_image: Literal["refuse", "skip"] = "refuse",
    encoding: str | None = None,
    prefix: str = "",
    first_id: NonNegativeInt = 0,
    on_error: OnError = "raise",
) -> ExampleStream:
    """Read examples from conversations.

    Known are the chat rows of OpenAI, Azure, Together and Fireworks (`messages`, with tools, preferences and batch
    requests), LLaVA and ShareGPT (`conversations` of `from` and `value`), `messages` with `images` beside them
    (LLaMA-Factory, ms-swift, TRL), `prompt` and `completion`, Gemini's `contents`, Amazon Nova's `schemaVersion`, and
    parts that name an image by `image`, `path` or `url`. Placeholders `<image>` are removed from questions alone, and
    only as many as there are images beside the text. A question that shows no image is about the images before it. An
    answer of weight 0 is no truth.

    Args:
        path: A JSONL file, a JSON file with a list of rows, or a parquet file; or the URL of one.
        images: The folder that image paths are relative to, or its URL; the file's own by default.
        turns: Which questions of a conversation become examples.
        without_image: What to do with rows of text alone, which mixed datasets have.
        encoding: Of the text; detected if None.
        prefix: Goes before every id that the row does not give.
        first_id: The number of the first row, where rows are named by their number.
        on_error: Whether bad rows raise an error that lists them all, or are skipped and counted; see `ExampleStream`.

    Returns:
        The examples. Ids are the row's own (`id`, `custom_id`), those in the file's manifest, or the number of the
        row; with `turns="all"`, `-0`, `-1` … is appended if a row has several questions.

    Raises:
        DataError: If the file or a row is not of this form; with file and line (in a JSON list the row from 1).
        ImageError: If an image is missing or outside the folder, or a question has none.
    """
    if turns not in get_args(TurnChoice):
        raise DataError(f"turns is {shown(turns)}, not 'last', 'all' or 'conversation'")
    source = location_of(path)
    find = image_finder(root_of(source, images))
    written = _ids_in_manifest(source)

    def examples_of(placed: PlacedRow, number: int) -> Iterator[VQAExample]:
        conversation = conversation_of(placed.value)
        ids = written[number] if number < len(written) else []
        name = text_of(conversation.id, "id") or (ids[0] if len(ids) == 1 else f"{prefix}{number + first_id}")
        exchanges = list(_shown_exchanges(conversation, _image_reader(placed, find)))
        if without_image == "skip" and not any(shown_images for _, shown_images in exchanges):
            return
        yield from _examples(exchanges, name, turns)

    return ExampleStream(read_table(source, encoding=encoding), examples_of, on_error=on_error)


@typed_call
def load_chat_jsonl(
    path: str | PathLike[str],
    *,
    turns: TurnChoice = "last",
    encoding: str | None = None,
    prefix: str = "",
    on_error: OnError = "raise",
) -> ExampleStream:
    """Read the questions, images and answers of a chat training file; see `load_conversations`.

    Rows that have no id are named by their number from 1, which is their line.

    Args:
        path: The JSONL file.
        turns: Which questions of a conversation become examples.
        encoding: Of the text; detected if None.
        prefix: Goes before every id that the row does not give.
        on_error: Whether bad rows raise an error that lists them all, or are skipped and counted; see `ExampleStream`.
    """
    return load_conversations(path, turns=turns, encoding=encoding, prefix=prefix, first_id=1, on_error=on_error)


@typed_call
def load_llava(
    path: str | PathLike[str],
    *,
    images: str | PathLike[str] | None = None,
    turns: TurnChoice = "all",
    without_image: Literal["refuse", "skip"] = "refuse",
    prefix: str = "",
    on_error: OnError = "raise",
) -> ExampleStream:
    """Read conversations as LLaVA and ShareGPT write them, by default an example for every question.

    Args:
        path: A JSON file with a list of rows, or a JSONL file.
        images: The folder that image paths are relative to, or its URL; the file's own by default.
        turns: Which questions of a conversation become examples.
        without_image: What to do with rows of text alone, which mixed datasets have.
        prefix: Goes before every id that the row does not give.
        on_error: Whether bad rows raise an error that lists them all, or are skipped and counted; see `ExampleStream`.
    """
    return load_conversations(
        path, images=images, turns=turns, without_image=without_image, prefix=prefix, on_error=on_error
    )


def _ids_in_manifest(path: Location) -> list[list[str]]:
    """Return the ids of the examples that each row was built from, where a manifest of `write_jsonl` says them."""
    try:
        values = parse_json(read_bytes(f"{path}.manifest.json").decode())
        return list(values["example_ids"]) if values["size_bytes"] == file_info(path).size_bytes else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


_Shown = tuple[Exchange, tuple[ImageSource, ...]]


def _shown_exchanges(conversation: Conversation, image_of: Callable[[Any], ImageSource]) -> Iterator[_Shown]:
    """Yield the exchanges of a conversation with the images that each of them shows anew."""
    beside = [image_of(image) for image in conversation.images]
    messages = [parse_message(message, place=f"messages[{n}]") for n, message in enumerate(conversation.messages)]
    exchanges = list(exchanges_of(messages))
    if not exchanges:
        raise DataError(f"no message is the user's; the roles are {_roles(messages)}")
    counts = _placed(exchanges, len(beside))
    for exchange, count in zip(exchanges, counts, strict=True):
        own = tuple(image_of(image.url) for image in exchange.images)
        taken, beside = beside[:count], beside[count:]
        yield _without_marks(exchange, count), (*own, *taken)


def _placed(exchanges: Sequence[Exchange], n_images: int) -> list[int]:
    """Return how many of the images beside the messages each question shows: by its placeholders, else the first."""
    marks = [len(_PLACEHOLDER.findall(exchange.question)) for exchange in exchanges]
    if n_images and sum(marks) == n_images:
        return marks
    return [n_images, *[0] * (len(exchanges) - 1)]


def _without_marks(exchange: Exchange, count: int) -> Exchange:
    question = _PLACEHOLDER.sub("", exchange.question, count=count) if count else exchange.question
    return Exchange(
        question=question.strip(),
        images=exchange.images,
        answer=None if exchange.answer is None else exchange.answer.strip(),
        trained=exchange.trained,
        calls_tools=exchange.calls_tools,
    )


def _examples(exchanges: Sequence[_Shown], name: str, turns: TurnChoice) -> Iterator[VQAExample]:
    """Yield the examples of a conversation."""
    trained = [number for number, (exchange, _) in enumerate(exchanges) if exchange.answer and exchange.trained]
    if not trained:
        raise DataError(_why_untrained(exchanges), example_id=name)
    for exchange, _ in exchanges[: trained[-1] + 1]:
        if not exchange.question.strip():
            raise DataError("a question has no text", example_id=name)
    chosen = trained if turns == "all" else trained[-1:]
    for place in chosen:
        example_id = f"{name}-{place}" if turns == "all" and len(exchanges) > 1 else name
        history = _history(exchanges[:place], example_id) if turns == "conversation" else ()
        images = _images_at(exchanges, place, whole=turns == "conversation")
        if not images:
            raise ImageError("the question has no image", example_id=example_id)
        exchange = exchanges[place][0]
        yield VQAExample(
            id=example_id,
            images=images,
            question=exchange.question,
            answers=(exchange.answer or "",),
            history=history,
        )


def _why_untrained(exchanges: Sequence[_Shown]) -> str:
    if any(exchange.answer for exchange, _ in exchanges):
        return "every answer has weight 0"
    if any(exchange.calls_tools for exchange, _ in exchanges):
        return "the assistant calls a tool and gives no answer"
    return "the last question has no answer"


def _images_at(exchanges: Sequence[_Shown], place: int, *, whole: bool) -> tuple[ImageSource, ...]:
    if whole:
        return tuple(image for _, images in exchanges[: place + 1] for image in images)
    return next((images for _, images in reversed(exchanges[: place + 1]) if images), ())


def _history(exchanges: Sequence[_Shown], example_id: str) -> tuple[Turn, ...]:
    unanswered = [exchange for exchange, _ in exchanges if not exchange.answer]
    if unanswered:
        raise DataError(f"the question {shown(unanswered[0].question)} has no answer", example_id=example_id)
    return tuple(
        Turn(
            question=exchange.question,
            answer=exchange.answer or "",
            n_images=len(images),
            trained=exchange.trained,
        )
        for exchange, images in exchanges
    )


class LineImage(Mapping[str, Any]):
    """The image dict of an image that stands inside a row of a JSONL file, read from the file each time it is used.

    So a list of examples stays small however large the images are. Equal if it names the same place.

    Args:
        path: The file, UTF-8.
        offset: Where the row's line begins, in bytes.
        length: The line's length in bytes.
        number: Which image of the row, from 0, in the order in which the loader meets them.
        size: The file's length when it was loaded: a file that has changed is not read.
    """

    __slots__ = ("length", "number", "offset", "path", "size")

    def __init__(self, path: str, *, offset: int, length: int, number: int, size: int) -> None:
        self.path, self.offset, self.length, self.number, self.size = path, offset, length, number, size

    def __getitem__(self, key: str) -> bytes | None:
        """Read `bytes`, those of the image file; `path` is None."""
        if key not in self:
            raise KeyError(key)
        return self._read() if key == "bytes" else None

    def _read(self) -> bytes:
        hint = "Load the file again."
        try:
            info = file_info(self.path)
            if info.size_bytes != self.size:
                raise ImageError("the file has changed since it was loaded", path=self.path, hint=hint)
            return _images_in_line(info, self.offset, self.length)[self.number]
        except (OSError, ValueError, IndexError, DataError) as error:
            if isinstance(error, ImageError):
                raise
            raise ImageError(f"the image cannot be read: {error}", path=self.path, hint=hint) from None

    def __contains__(self, key: object) -> bool:
        return key in {"bytes", "path"}

    def __iter__(self) -> Iterator[str]:
        return iter(("bytes", "path"))

    def __len__(self) -> int:
        return 2

    def _place(self) -> tuple[str, int, int, int]:
        return self.path, self.offset, self.number, self.size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LineImage) and self._place() == other._place()

    def __hash__(self) -> int:
        return hash(self._place())

    def __repr__(self) -> str:
        return f"LineImage({self.path!r}, offset={self.offset}, number={self.number})"


@lru_cache(maxsize=8)  # the rows that threads work on: a row has several images, each of which is used several times
def _images_in_line(file: FileInfo, offset: int, length: int) -> tuple[bytes, ...]:
    """Read the images inside a row, in the order in which the loader meets them; others are left empty."""
    met: list[Any] = []

    def note(value: Any) -> bytes:
        image = one_image_of(value)
        met.append(image)
        return b""

    line = read_range(file.path, offset, offset + length).decode("utf-8-sig")
    list(_shown_exchanges(conversation_of(parse_json(line)), note))
    inside = [isinstance(image, str) and image[:5].lower() == "data:" for image in met]
    found = [_decoded(image) if is_inside else b"" for image, is_inside in zip(met, inside, strict=True)]
    return tuple(image if isinstance(image, bytes) else b"" for image in found)


def _image_reader(placed: PlacedRow, find: FindImage) -> Callable[[Any], ImageSource]:
    """Return what turns the images of one row into sources; those inside the row are left in the file if it allows."""
    numbers = itertools.count()

    def image_of(value: Any) -> ImageSource:
        number = next(numbers)
        image = one_image_of(value)
        if not isinstance(image, str):
            return image
        if image[:5].lower() != "data:":
            return find(image)
        found = _decoded(image)  # refuses what is no image now, with the line
        if placed.offset is None or placed.path is None:
            return found
        length, size = placed.length or 0, placed.file_size or 0
        return LineImage(placed.path, offset=placed.offset, length=length, number=number, size=size)

    return image_of


def _decoded(url: str) -> ImageSource:
    try:
        found = read_source(url, InputLimits())
    except ImageError as error:
        raise ImageError(f"the image {error.message}", hint=error.hint) from None
    return found


def _roles(messages: Sequence[ParsedMessage]) -> str:
    return ", ".join(dict.fromkeys(shown(message.role) for message in messages)) or "none"
