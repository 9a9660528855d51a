"""Other stores go through the same calls of fsspec; here with a file system of the test's own under their names.

Google Cloud Storage, Azure, the Hub and Amazon's own S3 were not run.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry

from tests.data.pictures import picture
from vqaft.data import DatasetSplitter, load_file, load_folder
from vqaft.errors import MissingExtraError, VqaftError
from vqaft.filesystem import read_bytes
from vqaft.records import Manifest, MessageBuilder, write_jsonl


class Store(MemoryFileSystem):  # type: ignore[misc]
    """A bucket store: it has names of its own, makes no folders, and raises errors of its own."""

    protocol: ClassVar[Any] = ("gs", "gcs", "az", "abfs", "hf", "own")
    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    cachable = False

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        bare = path.partition("://")[2] if "://" in path else path
        return f"/{bare.strip('/')}" if bare.strip("/") else ""

    def makedirs(self, path: str, exist_ok: bool = False) -> None:  # noqa: FBT001, FBT002 - fsspec's signature
        assert exist_ok, path

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
        if path.endswith("broken.png"):
            raise RuntimeError("the driver's own error")
        return bytes(super().cat_file(path, start=start, end=end))


SCHEMES = ("gs", "gcs", "az", "abfs", "hf", "own")


@pytest.fixture(params=SCHEMES)
def bucket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setitem(_registry, request.param, Store)
    yield f"{request.param}://bucket/folder"
    Store.store.clear()


def test_the_whole_way(bucket: str) -> None:
    system, place = fsspec.core.url_to_fs(bucket)
    assert isinstance(system, Store)
    system.pipe({f"{place}/{number}.png": picture(number) for number in range(4)})
    rows = "".join(f"{number}.png,Which?,{number}\n" for number in range(4))
    system.pipe_file(f"{place}/qa.csv", f"image,question,answer\n{rows}".encode())
    examples = list(load_folder(bucket))
    assert [each.image for each in examples] == [f"{bucket}/{number}.png" for number in range(4)]
    assert len(DatasetSplitter(train=2, validation=0, test=2).split(examples).test) == 2
    builder = MessageBuilder()
    written = write_jsonl(f"{bucket}/out/train.jsonl", builder.records(examples), builder=builder)
    assert Manifest.read(written.location).rows == 4
    assert len(read_bytes(written.location)) == written.size_bytes
    assert [each.question for each in load_file(written.location)] == ["Which?"] * 4


def test_errors_of_a_driver_are_ours(bucket: str) -> None:
    system, place = fsspec.core.url_to_fs(bucket)
    system.pipe_file(f"{place}/broken.png", picture(0))
    system.pipe_file(f"{place}/qa.csv", b"image,question,answer\nbroken.png,Which?,a\n")
    [example] = load_file(f"{bucket}/qa.csv")
    with pytest.raises(VqaftError, match="the driver's own error"):
        MessageBuilder().record(example)


@pytest.mark.parametrize(
    ("url", "extra", "package"), [("gs://b/qa.csv", "gcs", "gcsfs"), ("az://b/qa.csv", "azure", "adlfs")]
)
def test_a_missing_package_is_named_with_its_extra(url: str, extra: str, package: str) -> None:
    if importlib.util.find_spec(package) is not None:
        pytest.skip(f"{package} is installed")
    with pytest.raises(MissingExtraError, match=rf"vqaft\[{extra}\]"):
        list(load_file(url))
