"""Chat fine-tuning JSONL as OpenAI, Azure, Together and Fireworks accept it, every content a list of parts.

Together documents rows whose contents are all lists, and `datasets` turns contents that are partly text, partly lists
into other values: `9.00` becomes the number 9.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

from vqaft.chat import Message
from vqaft.data import VQAExample
from vqaft.errors import DataError, shown
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.parsing import ParsedTurn
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import no_web_images
from vqaft.exchange.rows import Row, image_of_url
from vqaft.exchange.split_files import parse_jsonl_splits, write_jsonl_splits
from vqaft.images import EncodedImage, ImageSource
from vqaft.providers import OPENAI, ProviderLimits


@dataclass(frozen=True, kw_only=True)
class ChatJSONL:
    """A chat training file for a provider, with the images inside as data URLs.

    Attributes:
        provider: Whose limits hold, e.g. `OPENAI`, `AZURE`, `TOGETHER`, `FIREWORKS`.
    """

    provider: ProviderLimits = OPENAI

    def __post_init__(self) -> None:
        if not isinstance(self.provider, ProviderLimits):
            raise DataError(f"provider is {shown(self.provider)}, not the limits of a provider such as OPENAI")

    @property
    def format(self) -> str:
        """The name of the format."""
        return "chat-jsonl"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: images beyond the provider's limits, a role that it does not support."""
        name, limits = self.provider.name, self.provider
        if limits.web_urls is False:
            yield from no_web_images(row)
        if limits.max_images_per_row is not None and len(row.images) > limits.max_images_per_row:
            yield f"the row has {len(row.images)} images; {name} accepts {limits.max_images_per_row}"
        for image in row.images:
            yield from _image_problems(image, limits)
        if limits.web_urls is False and any(message.role == "developer" for message in row.record.messages):
            yield f"{name} has no developer role; pass the system prompt as a string"

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write a JSONL file a split."""
        write_jsonl_splits(rows, folder, lambda row: {"messages": _messages(row)})

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the JSONL files."""
        return parse_jsonl_splits(folder, lambda row: [_parsed(message) for message in row["messages"]])

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)


def _image_problems(image: EncodedImage, limits: ProviderLimits) -> Iterator[str]:
    kind, formats = image.mime.removeprefix("image/"), limits.image_formats
    if formats is not None and kind not in formats:
        yield f"an image is {kind}; {limits.name} accepts {', '.join(sorted(formats))}: set ImageEncoder(format=…)"
    if limits.max_image_bytes is not None and image.size_bytes > limits.max_image_bytes:
        yield f"an image has {image.size_bytes} bytes; {limits.name} accepts {limits.max_image_bytes}"


def _messages(row: Row) -> list[dict[str, Any]]:
    return [_all_parts(message) for message in row.record.messages]


def _all_parts(message: Message) -> dict[str, Any]:
    values = message.model_dump()
    if isinstance(values["content"], str):
        values["content"] = [{"type": "text", "text": values["content"]}]
    return values


def _parsed(message: Mapping[str, Any]) -> ParsedTurn:
    content = message["content"]
    parts: list[dict[str, Any]] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    text = "".join(part["text"] for part in parts if part["type"] == "text")
    images = tuple(_source(part["image_url"]["url"]) for part in parts if part["type"] == "image_url")
    return ParsedTurn(role=message["role"], text=text, images=images, trained=message.get("weight") != 0)


def _source(url: str) -> ImageSource:
    image = image_of_url(url)
    return image.data if isinstance(image, EncodedImage) else image.url
