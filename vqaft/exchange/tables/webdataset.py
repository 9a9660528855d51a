"""WebDataset: tar shards with an image file and a JSON file a sample."""

from __future__ import annotations

import io
import itertools
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from os import PathLike

import orjson

from vqaft.data import VQAExample
from vqaft.exchange.cells import example_cells, example_of_cells
from vqaft.exchange.folder import ExportFolder, extension
from vqaft.exchange.reading import read_export
from vqaft.exchange.refusals import only_examples
from vqaft.exchange.rows import Row
from vqaft.exchange.split_files import by_split
from vqaft.exchange.target import check_settings


@dataclass(frozen=True, kw_only=True)
class WebDataset:
    """Shards `train-000000.tar` and so on, read by `webdataset.WebDataset`.

    A sample has `json` with the fields of the example, and `jpg`, `png` or `webp`; with several images `0.jpg`,
    `1.jpg` and so on. `datasets` reads shards whose images are all of one format: `ImageEncoder(format="jpeg")`.

    Attributes:
        shard_bytes: A shard is closed when its files have this many bytes.

    Raises:
        DataError: If a shard cannot hold a byte.
    """

    shard_bytes: int = 1_000_000_000

    def __post_init__(self) -> None:
        check_settings(self, counts=("shard_bytes",))

    @property
    def format(self) -> str:
        """The name of the format."""
        return "webdataset"

    def problems(self, row: Row) -> Iterator[str]:
        """Yield why a row is refused: a system prompt, few-shot examples, several questions."""
        yield from only_examples(row)

    def write(self, rows: Iterable[Row], folder: ExportFolder) -> None:
        """Write the shards of each split."""
        for split, group in by_split(rows):
            self._write_split(split, group, folder)

    def parse(self, folder: ExportFolder) -> Iterator[tuple[str, VQAExample]]:
        """Parse the samples of the shards."""
        for split, name in folder.splits("{split}-*.tar"):
            with folder.open(name) as file, tarfile.open(fileobj=file, mode="r|") as shard:
                files = ((member.name.partition("."), shard.extractfile(member)) for member in shard)
                read = ((key, kind, content.read()) for (key, _, kind), content in files if content is not None)
                for _, group in itertools.groupby(read, key=lambda item: item[0]):
                    contents = {kind: content for _, kind, content in group}
                    cells = orjson.loads(contents.pop("json"))
                    yield split, example_of_cells(cells, list(contents.values()))

    def read(
        self, folder: str | PathLike[str], *, split: str | None = None, manifest: bool = True
    ) -> Iterator[VQAExample]:
        """Read the examples of an exported folder; see `read_export`."""
        return read_export(self, folder, split=split, manifest=manifest)

    def _write_split(self, split: str, rows: Iterable[Row], folder: ExportFolder) -> None:
        shards = size = 0
        with ExitStack() as stack:
            for number, row in enumerate(rows):
                if not shards or size >= self.shard_bytes:
                    stack.close()
                    file = stack.enter_context(folder.create(f"{split}-{shards:06}.tar"))
                    shard = stack.enter_context(tarfile.open(fileobj=file, mode="w|", format=tarfile.USTAR_FORMAT))
                    shards, size = shards + 1, 0
                for name, content in _files(row):
                    member = tarfile.TarInfo(f"{number:09}.{name}")  # time, owner and mode are those of TarInfo: fixed
                    member.size = len(content)
                    shard.addfile(member, io.BytesIO(content))
                    size += member.size


def _files(row: Row) -> Iterator[tuple[str, bytes]]:
    (example,) = row.examples
    several = len(row.images) > 1
    for place, image in enumerate(row.images):
        yield f"{place}.{extension(image)}" if several else extension(image), image.data
    yield "json", orjson.dumps(example_cells(example))
