"""Amazon Nova on Bedrock: JSONL in the format of the Converse API, with the images in S3.

Read 2026-11-25: https://docs.aws.amazon.com/nova/latest/userguide/fine-tune-prepare-data-understanding.html (user
first, assistant last, images in the bucket of the training file, reserved words).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

from vqaft.data import VQAExample
from vqaft.errors import DataError
from vqaft.exchange.folder import ExportFolder, below_images, prefixed
from vqaft.exchange.parsing import ParsedTurn
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import no_web_images, no_zero_weights, reserved_words
from vqaft.exchange.rows import Row, RowTurn
from vqaft.exchange.split_files import parse_jsonl_splits, write_jsonl_splits
from vqaft.exchange.target import check_settings
from vqaft.images import EncodedImage
from vqaft.typed import typed

_RESERVED = ("User:", "Bot:", "Assistant:", "System:", "<image>", "<video>", "[EOS]")
_ADDRESS = re.compile(r"s3://[a-z0-9.-]+(?:/[A-Za-z0-9_./-]*)?")


@dataclass(frozen=True, kw_only=True)
@typed
class Nova:
    """Training data of Amazon Nova on Bedrock.

    Attributes:
        uri: Where the folder is going to lie, e.g. `s3://bucket/receipts`: upload it there, or export to this address.
        bucket_owner: The AWS account that owns the bucket; left out if empty.

    Raises:
        DataError: If the address is not one of S3, or holds characters that Nova refuses.
    """

    uri: str
    bucket_owner: str = ""

    def __post_init__(self) -> None:
        check_settings(self, texts=("uri", "bucket_owner"))
        if not _ADDRESS.fullmatch(self.uri):
            raise DataError(f"the uri {self.uri!r} is not s3://bucket/path of letters, digits, '_', '-', '.' and '/'")

    @property
    def format(self) -> str:
        """The name of the format."""
        return "nova"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: reserved words in a prompt, weight 0, a WEBP image."""
        yield from no_web_images(row)
        yield from no_zero_weights(row)
        yield from reserved_words(row, _RESERVED, in_answers=False)
        if any(image.mime == "image/webp" for image in row.images):
            yield 'an image is WEBP; Nova 2 accepts JPEG and PNG: set ImageEncoder(format="jpeg")'

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write a JSONL file a split, and the images."""
        write_jsonl_splits(rows, folder, lambda row: self._values(row, folder))

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the JSONL files; images are looked for in the folder itself."""
        return parse_jsonl_splits(folder, lambda row: [_parsed(message, folder) for message in row["messages"]])

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)

    def _values(self, row: Row, folder: ExportFolder) -> dict[str, Any]:
        system = {} if row.system is None else {"system": [{"text": row.system}]}
        messages = [{"role": turn.role, "content": self._content(turn, folder)} for turn in row.turns]
        return {"schemaVersion": "bedrock-conversation-2024", **system, "messages": messages}

    def _content(self, turn: RowTurn, folder: ExportFolder) -> list[dict[str, Any]]:
        owner = {"bucketOwner": self.bucket_owner} if self.bucket_owner else {}
        content: list[dict[str, Any]] = []
        for part in turn.parts:
            if isinstance(part, str):
                content.append({"text": part})
            elif isinstance(part, EncodedImage):
                location = {"uri": prefixed(self.uri, folder.write_image(part)), **owner}
                kind = part.mime.removeprefix("image/")
                content.append({"image": {"format": kind, "source": {"s3Location": location}}})
        return content


def _parsed(message: Mapping[str, Any], folder: ExportFolder) -> ParsedTurn:
    text = "".join(part["text"] for part in message["content"] if "text" in part)
    found = [part["image"]["source"]["s3Location"]["uri"] for part in message["content"] if "image" in part]
    return ParsedTurn(role=message["role"], text=text, images=tuple(folder.image(below_images(uri)) for uri in found))
