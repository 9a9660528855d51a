"""Gemini tuning on Vertex AI: JSONL of `contents`, with the images in Cloud Storage.

Read 2026-11-25: https://cloud.google.com/vertex-ai/generative-ai/docs/models/tune_gemini/image_tune (30 images a row,
20 MB each).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from typing import Any

from vqaft.data import VQAExample
from vqaft.errors import DataError
from vqaft.exchange.folder import ExportFolder, below_images, prefixed
from vqaft.exchange.parsing import ParsedTurn
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import no_web_images, no_zero_weights
from vqaft.exchange.rows import Row, RowTurn
from vqaft.exchange.split_files import parse_jsonl_splits, write_jsonl_splits
from vqaft.exchange.target import check_settings
from vqaft.images import EncodedImage
from vqaft.typed import typed

_MOST_IMAGES = 30
_MOST_BYTES = 20_000_000


@dataclass(frozen=True, kw_only=True)
@typed
class Gemini:
    """Training data of Gemini on Vertex AI.

    Attributes:
        uri: Where the folder is going to lie, e.g. `gs://bucket/receipts`: upload it there, or export to this address.

    Raises:
        DataError: If the address is not one of Cloud Storage.
    """

    uri: str

    def __post_init__(self) -> None:
        check_settings(self, texts=("uri",))
        if not self.uri.startswith("gs://"):
            raise DataError(f"the uri {self.uri!r} does not start with gs://")

    @property
    def format(self) -> str:
        """The name of the format."""
        return "gemini"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: weight 0, more than 30 images, an image above 20 MB."""
        yield from no_web_images(row)
        yield from no_zero_weights(row)
        if len(row.images) > _MOST_IMAGES:
            yield f"the row has {len(row.images)} images; Gemini accepts {_MOST_IMAGES}"
        if any(image.size_bytes > _MOST_BYTES for image in row.images):
            yield f"an image has more than {_MOST_BYTES} bytes"

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write a JSONL file a split, and the images."""
        write_jsonl_splits(rows, folder, lambda row: self._values(row, folder))

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the JSONL files; images are looked for in the folder itself."""
        return parse_jsonl_splits(folder, lambda row: [_parsed(content, folder) for content in row["contents"]])

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)

    def _values(self, row: Row, folder: ExportFolder) -> dict[str, Any]:
        system = (
            {} if row.system is None else {"systemInstruction": {"role": "system", "parts": [{"text": row.system}]}}
        )
        return {**system, "contents": [self._content(turn, folder) for turn in row.turns]}

    def _content(self, turn: RowTurn, folder: ExportFolder) -> dict[str, Any]:
        parts: list[dict[str, Any]] = []
        for part in turn.parts:
            if isinstance(part, str):
                parts.append({"text": part})
            elif isinstance(part, EncodedImage):
                address = prefixed(self.uri, folder.write_image(part))
                parts.append({"fileData": {"mimeType": part.mime, "fileUri": address}})
        return {"role": "user" if turn.role == "user" else "model", "parts": parts}


def _parsed(content: Mapping[str, Any], folder: ExportFolder) -> ParsedTurn:
    text = "".join(part["text"] for part in content["parts"] if "text" in part)
    files = [part["fileData"]["fileUri"] for part in content["parts"] if "fileData" in part]
    return ParsedTurn(role=content["role"], text=text, images=tuple(folder.image(below_images(uri)) for uri in files))
