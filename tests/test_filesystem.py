"""Local paths and fsspec URLs behave alike where files are read, and writers of state refuse URLs."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from PIL import Image

from vqaft.chat import read_jsonl
from vqaft.check import check_file
from vqaft.data import DatasetSplitter, VQAExample, load_hf
from vqaft.durable import AppendLog, FileLock, atomic_writer, write_atomically
from vqaft.errors import DataError, ImageError, VqaftError
from vqaft.evaluation import Evaluation
from vqaft.filesystem import display_path, file_info, is_url, open_binary, read_bytes, require_local
from vqaft.images import image_sha256, perceptual_hash
from vqaft.providers import OPENAI
from vqaft.records import Manifest, MessageBuilder, write_jsonl, write_shards
from vqaft.service import Ledger


def png(level: int) -> bytes:
    buffer = io.BytesIO()
    image = Image.linear_gradient("L").rotate(level * 7).resize((64, 48))
    image.convert("RGB").save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def bucket() -> Iterator[str]:
    system = fsspec.filesystem("memory")
    system.store.clear()
    system.pseudo_dirs[:] = [""]
    for number in range(6):
        system.pipe_file(f"/bucket/{number}.png", png(number))
    yield "memory://bucket"
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.fixture
def examples(bucket: str) -> list[VQAExample]:
    return [VQAExample(id=str(n), image=f"{bucket}/{n}.png", question="Which?", answers=(str(n),)) for n in range(6)]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        *[(path, True) for path in ("s3://b/x", "memory://x", "hf://datasets/a/b")],
        *[
            (path, False)
            for path in ("C:\\data\\x", "C:/x", "https://a/b", "HTTP://a/b", "data:image/png,", "a/b", b"")
        ],
    ],
)
def test_what_is_a_url(path: object, expected: bool) -> None:  # noqa: FBT001
    assert is_url(path) is expected


def test_credentials_are_not_shown() -> None:
    assert display_path("s3://key:secret@bucket/x") == "s3://bucket/x"


def test_a_file_is_read_from_either_place(tmp_path: Path, bucket: str) -> None:
    (tmp_path / "0.png").write_bytes(png(0))
    assert read_bytes(tmp_path / "0.png") == read_bytes(f"{bucket}/0.png") == png(0)
    assert file_info(f"{bucket}/0.png").size_bytes == len(png(0))
    with open_binary(f"{bucket}/0.png") as file:
        assert list(file) == io.BytesIO(png(0)).readlines()


def test_the_version_changes_with_the_content(bucket: str) -> None:
    before = file_info(f"{bucket}/0.png")
    fsspec.filesystem("memory").pipe_file("/bucket/0.png", png(5))
    assert file_info(f"{bucket}/0.png") != before


def test_images_from_a_url_make_the_same_rows_as_local_ones(examples: list[VQAExample], tmp_path: Path) -> None:
    builder = MessageBuilder()
    for example in examples:
        local = tmp_path / "x.png"
        local.write_bytes(read_bytes(str(example.image)))
        same = VQAExample(id=example.id, image=local, question=example.question, answers=example.answers)
        assert builder.record(example).to_json() == MessageBuilder().record(same).to_json()
        assert image_sha256(str(example.image)) == image_sha256(local)
        assert perceptual_hash(str(example.image)) == perceptual_hash(local)


def test_a_split_reads_images_from_urls(examples: list[VQAExample]) -> None:
    split = DatasetSplitter(train=0.5, validation=0.0, test=0.5, seed=3).split(examples)
    assert len(split.train) + len(split.test) == len(examples)


def test_rows_from_anywhere_may_name_images_by_url(examples: list[VQAExample]) -> None:
    rows = [{"image": each.image, "question": each.question, "answer": each.answer} for each in examples]
    loaded = list(load_hf(rows))
    assert [each.image for each in loaded] == [each.image for each in examples]
    assert MessageBuilder().record(loaded[0]).to_json() == MessageBuilder().record(examples[0]).to_json()


def test_a_missing_image_is_named(bucket: str) -> None:
    example = VQAExample(id="x", image=f"{bucket}/none.png", question="?", answers=("a",))
    with pytest.raises(ImageError, match=r"none\.png"):
        MessageBuilder().record(example)
    with pytest.raises(ImageError, match=r"none\.png"):
        image_sha256(f"{bucket}/none.png")


@pytest.mark.parametrize("url", ["nosuch://bucket/x.png", "memory://bucket/none.png"])
def test_what_cannot_be_opened_is_a_typed_error(url: str) -> None:
    with pytest.raises(VqaftError):
        list(read_jsonl(url))


def test_a_training_file_is_written_to_a_url_and_read_back(examples: list[VQAExample], bucket: str) -> None:
    builder = MessageBuilder()
    written = write_jsonl(f"{bucket}/out/train.jsonl", builder.records(examples), builder=builder)
    assert written.location == f"{bucket}/out/train.jsonl"
    assert Manifest.read(written.location).xxh3_128 == written.xxh3_128
    assert [row.to_json() for row in read_jsonl(written.location)] == [builder.record(e).to_json() for e in examples]
    assert check_file(written.location).rows == len(examples)


def test_shards_are_written_to_a_url_and_longer_runs_are_cut(examples: list[VQAExample], bucket: str) -> None:
    builder = MessageBuilder()
    name = f"{bucket}/out/train.jsonl"
    first = write_shards(name, builder.records(examples), limits=OPENAI, max_rows=2)
    assert [str(shard.location) for shard in first] == [f"{bucket}/out/train-0000{n}.jsonl" for n in (1, 2, 3)]
    write_shards(name, builder.records(examples[:2]), limits=OPENAI, max_rows=2)
    left = [name for name in fsspec.filesystem("memory").find("/bucket/out") if name.endswith(".jsonl")]
    assert left == ["/bucket/out/train-00001.jsonl"]


def test_a_failed_upload_leaves_what_was_there(bucket: str) -> None:
    write_atomically(f"{bucket}/out", b"old")
    with pytest.raises(ZeroDivisionError), atomic_writer(f"{bucket}/out") as file:
        file.write(b"%d" % (1 // 0))
    assert read_bytes(f"{bucket}/out") == b"old"


def test_state_needs_a_local_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for make in (
        lambda: AppendLog(Path("s3://bucket/journal"), kind="journal"),
        lambda: FileLock(Path("s3://bucket/lock")),
        lambda: Ledger(Path("s3://bucket/ledger.jsonl")),
        lambda: Evaluation(model="m", scorers={}, rows=()).write(Path("s3://bucket/e.json")),
        lambda: write_atomically(Path("s3://bucket/x"), b""),
        lambda: require_local("s3://bucket/x", purpose="a journal"),
    ):
        with pytest.raises(DataError, match="local disk"):
            make()
    assert list(tmp_path.iterdir()) == []


def test_a_local_folder_may_look_like_a_scheme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s3:").mkdir()
    write_atomically(Path("s3:/x"), b"mine")
    assert (tmp_path / "s3:" / "x").read_bytes() == b"mine"
