"""The whole way over a store: images, training files, shards, checks, costs, exports, commands."""

from __future__ import annotations

import json
from pathlib import Path

import boto3
import fsspec
import pytest

from tests.data.pictures import picture
from vqaft.chat import read_jsonl
from vqaft.check import check_file
from vqaft.cli import main
from vqaft.cost import estimate_cost
from vqaft.data import DatasetSplitter, ImageTable, VQAExample, load_file
from vqaft.errors import StateError
from vqaft.exchange import HuggingFace, LLaVA, WebDataset, export, read_export
from vqaft.filesystem import file_info, list_folder, read_bytes
from vqaft.images import image_sha256
from vqaft.providers import OPENAI
from vqaft.records import MessageBuilder, write_jsonl, write_shards


@pytest.fixture
def examples(store: str) -> list[VQAExample]:
    system, place = fsspec.core.url_to_fs(store)
    system.pipe({f"{place}/images/{number}.png": picture(number) for number in range(10)})
    return [
        VQAExample(id=str(n), image=f"{store}/images/{n}.png", question="Which?", answers=(str(n),)) for n in range(10)
    ]


@pytest.fixture
def local(examples: list[VQAExample]) -> list[VQAExample]:
    return [
        VQAExample(id=each.id, image=picture(n), question=each.question, answers=each.answers)
        for n, each in enumerate(examples)
    ]


def test_a_training_file_has_the_bytes_of_a_local_one(
    examples: list[VQAExample], local: list[VQAExample], store: str, tmp_path: Path
) -> None:
    builder = MessageBuilder()
    written = write_jsonl(f"{store}/train.jsonl", builder.records(examples), builder=builder)
    expected = write_jsonl(tmp_path / "train.jsonl", builder.records(local), builder=builder)
    assert read_bytes(written.location) == expected.path.read_bytes()
    assert (written.sha256, written.rows) == (expected.sha256, 10)
    assert [row.to_json() for row in read_jsonl(written.location)] == [
        row.to_json() for row in read_jsonl(expected.path)
    ]
    place = str(expected.path)
    assert json.loads(check_file(written.location).to_json().replace(written.location, place)) == json.loads(
        check_file(place).to_json()
    )
    assert estimate_cost(written.location, epochs=2) == estimate_cost(expected.path, epochs=2)


def test_a_split_is_that_of_local_images(examples: list[VQAExample], local: list[VQAExample]) -> None:
    assert ImageTable.of(examples) == ImageTable.of(local)
    splitter = DatasetSplitter(train=3, validation=0, test=3)
    assert [each.id for each in splitter.split(examples).test] == [each.id for each in splitter.split(local).test]


def test_shards_replace_those_of_a_longer_run(examples: list[VQAExample], store: str) -> None:
    builder = MessageBuilder()
    for count, shards in ((6, 3), (2, 1)):
        rows = builder.records(examples[:count])
        written = write_shards(f"{store}/out/train.jsonl", rows, limits=OPENAI, builder=builder, max_rows=2)
        names = [f"train-{number:05}.jsonl" for number in range(1, shards + 1)]
        assert [each.location for each in written] == [f"{store}/out/{name}" for name in names]
        assert sorted(list_folder(f"{store}/out")) == sorted([*names, *(f"{name}.manifest.json" for name in names)])


@pytest.mark.parametrize("target", [HuggingFace(), LLaVA(), WebDataset()])
def test_an_export_is_read_back(
    examples: list[VQAExample], memory: str, target: HuggingFace | LLaVA | WebDataset, tmp_path: Path
) -> None:
    _read_back(examples, memory, target)


def test_an_export_to_s3_is_read_back(s3: str, local: list[VQAExample]) -> None:
    _read_back(local, s3, LLaVA())


def _read_back(examples: list[VQAExample], url: str, target: HuggingFace | LLaVA | WebDataset) -> None:
    export({"train": examples[:4], "test": examples[4:]}, target, f"{url}/export")
    back = list(read_export(target, f"{url}/export"))
    assert [(each.id, each.question, each.answers) for each in back] == [
        (each.id, each.question, each.answers) for each in examples
    ]


def test_commands_take_urls(
    examples: list[VQAExample], store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{"image": f"images/{each.id}.png", "question": each.question, "answer": each.answer} for each in examples]
    system, place = fsspec.core.url_to_fs(store)
    table, train = f"{store}/day=1/qa.jsonl", f"{store}/day=1/train.jsonl"
    system.pipe_file(f"{place}/day=1/qa.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows).encode())
    for command in (
        ["build", table, "--images", store, "--out", train],
        ["check", train],
        ["cost", train],
        ["audit", f"old={train}", train],
        ["split", table, "--images", store, "--train", "3", "--test", "3", "--out", str(tmp_path / "split")],
        ["export", table, "--images", store, "--to", "llava", "--out", f"{store}/llava"],
    ):
        monkeypatch.setattr("sys.argv", ["vqaft", *command])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == (1 if command[0] == "audit" else 0), command
    assert [each.answer for each in load_file(tmp_path / "split/train.jsonl")]
    assert [path.name for path in tmp_path.iterdir()] == ["split"]


def test_a_change_by_another_program_is_seen(s3: str, s3_server: str) -> None:
    bucket = s3.split("/")[2]
    client = boto3.client("s3", endpoint_url=s3_server)
    client.put_object(Bucket=bucket, Key="data/x.png", Body=picture(1))
    assert list_folder(s3) == {"x.png": True}
    before = file_info(f"{s3}/x.png"), image_sha256(f"{s3}/x.png")
    client.put_object(Bucket=bucket, Key="data/x.png", Body=picture(2))
    client.put_object(Bucket=bucket, Key="data/y.png", Body=picture(3))
    assert (file_info(f"{s3}/x.png"), image_sha256(f"{s3}/x.png")) != before
    assert image_sha256(f"{s3}/x.png") == image_sha256(picture(2))
    assert list_folder(s3) == {"x.png": True, "y.png": True}
    client.close()


def test_an_upload_that_fails_says_so_and_leaves_nothing(s3_server: str, tmp_path: Path) -> None:
    rows = [MessageBuilder().record(VQAExample(id="0", image=picture(0), question="?", answers=("a",)))]
    with pytest.raises(StateError, match=r"s3://no-such-bucket-of-mine/x\.jsonl.*cannot be uploaded"):
        write_jsonl("s3://no-such-bucket-of-mine/x.jsonl", rows)
    assert list(tmp_path.iterdir()) == []
