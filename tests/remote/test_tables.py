"""Tables, chat files and folders behind a URL give the examples and the errors that they give on a disk."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import fsspec
import pandas as pd
import pytest

from tests.data.pictures import picture
from tests.remote.conftest import upload
from vqaft.chat import read_jsonl
from vqaft.data import (
    Columns,
    DatasetSplitter,
    Placement,
    VQAExample,
    load_chat_jsonl,
    load_coco_vqa,
    load_conversations,
    load_file,
    load_folder,
    load_hf,
    load_llava,
    load_saved,
    save_examples,
)
from vqaft.errors import DataError, ImageError
from vqaft.images import image_sha256
from vqaft.records import MessageBuilder, write_jsonl

ROWS = [
    {"image": f"images/{n}.png", "question": f"Which, {n}? é\u2028", "answer": str(n), "patient": f"p{n // 2}"}
    for n in range(4)
]
TABLES = ("qa.csv", "qa.tsv", "qa.jsonl", "qa.json", "qa.parquet", "qa.xlsx")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made")
    for name in ("images", "cats", "dogs/big"):
        (root / name).mkdir(parents=True)
    for number in range(4):
        (root / f"images/{number}.png").write_bytes(picture(number))
    (root / "cats/1.png").write_bytes(picture(5))
    (root / "dogs/big/1.png").write_bytes(picture(6))
    frame = pd.DataFrame(ROWS)
    frame.to_csv(root / "qa.csv", index=False)
    frame.to_csv(root / "qa.tsv", index=False, sep="\t")
    frame.to_parquet(root / "qa.parquet")
    frame.to_excel(root / "qa.xlsx", index=False)
    (root / "qa.json").write_text(json.dumps(ROWS))
    (root / "qa.jsonl").write_text("\ufeff" + "".join(f"{json.dumps(row)}\n" for row in ROWS))
    return root


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A local folder with images, and a table of each kind."""
    return Path(shutil.copytree(made, tmp_path / "local"))


def values(examples: Iterable[VQAExample]) -> list[tuple[Any, ...]]:
    return [
        (each.id, each.question, each.answers, each.group, dict(each.metadata), list(map(image_sha256, each.images)))
        for each in examples
    ]


@pytest.mark.parametrize("table", TABLES)
def test_a_table_by_url_gives_what_it_gives_on_a_disk(folder: Path, store: str, table: str) -> None:
    upload(folder, store, table, *(f"images/{n}.png" for n in range(4)))
    columns = Columns(group="patient")
    found = list(load_file(f"{store}/{table}", columns=columns))
    assert values(found) == values(load_file(folder / table, columns=columns))
    assert [each.image for each in found] == [f"{store}/images/{n}.png" for n in range(4)]
    assert values(load_folder(store, table=table, columns=columns)) == values(found)


def test_a_folder_by_url_finds_its_table_and_its_classes(folder: Path, store: str) -> None:
    for name in TABLES[1:]:
        (folder / name).unlink()
    upload(folder, store)
    assert values(load_folder(store)) == values(load_folder(folder))
    for name in ("qa.csv", *(f"images/{n}.png" for n in range(4))):
        (folder / name).unlink()
        system, place = fsspec.core.url_to_fs(store)
        system.rm_file(f"{place}/{name}")
    found = list(load_folder(store, question="Which animal?"))
    assert values(found) == values(load_folder(folder, question="Which animal?"))
    assert [(each.id, each.answer) for each in found] == [("cats/1.png", "cats"), ("dogs/big/1.png", "dogs")]


def test_tables_by_a_pattern(folder: Path, memory: str) -> None:
    upload(folder, memory)
    (folder / "qa.csv").rename(folder / "qa-1.csv")
    (folder / "qa-2.csv").write_bytes((folder / "qa-1.csv").read_bytes())
    upload(folder, memory)
    assert values(load_folder(memory, table="qa-*.csv")) == values(load_folder(folder, table="qa-*.csv"))
    assert len(values(load_folder(memory, table="qa-*.csv"))) == 8
    with pytest.raises(DataError, match="no table"):
        load_folder(memory, table="../*.csv")


def test_chat_files_by_url(folder: Path, store: str) -> None:
    examples = list(load_file(folder / "qa.jsonl"))
    write_jsonl(folder / "train.jsonl", map(MessageBuilder().record, examples))
    conversation = [{"from": "human", "value": "<image>\nWhich?"}, {"from": "gpt", "value": "It"}]
    (folder / "llava.json").write_text(json.dumps([{"image": "images/1.png", "conversations": conversation}]))
    upload(folder, store)
    for load, name in (
        (load_file, "train.jsonl"),
        (load_chat_jsonl, "train.jsonl"),
        (load_conversations, "train.jsonl"),
        (load_file, "llava.json"),
        (load_llava, "llava.json"),
    ):
        assert values(load(f"{store}/{name}")) == values(load(folder / name))
    assert [each.id for each in load_file(f"{store}/train.jsonl")] == ["0", "1", "2", "3"]  # of the manifest
    rows = [row.to_json() for row in read_jsonl(f"{store}/train.jsonl")]
    again = [MessageBuilder().record(each).to_json() for each in load_file(f"{store}/train.jsonl")]
    assert again == rows


def test_a_changed_chat_file_is_noticed(folder: Path, store: str) -> None:
    write_jsonl(folder / "t.jsonl", map(MessageBuilder().record, load_file(folder / "qa.csv")), manifest=False)
    upload(folder, store)
    first, *_ = load_file(f"{store}/t.jsonl")
    assert image_sha256(first.image) == image_sha256(next(load_file(folder / "t.jsonl")).image)
    (folder / "t.jsonl").write_bytes((folder / "t.jsonl").read_bytes()[100:])
    upload(folder, store)
    with pytest.raises(ImageError, match=r"changed|cannot be read"):
        image_sha256(first.image)


def test_coco_questions_by_url(folder: Path, memory: str) -> None:
    question = {"question_id": 1, "image_id": 2, "question": "Which?"}
    (folder / "q.json").write_text(json.dumps({"questions": [question]}))
    (folder / "a.json").write_text(json.dumps({"annotations": [{"question_id": 1, "answers": [{"answer": "it"}]}]}))
    upload(folder, memory)

    def load(root: str) -> list[tuple[Any, ...]]:
        return values(
            load_coco_vqa(
                f"{root}/q.json", images=f"{root}/images", annotations=f"{root}/a.json", image_name="{image_id}.png"
            )
        )

    assert load(memory) == load(str(folder))


def test_saved_examples_and_a_placement_by_url(folder: Path, memory: str) -> None:
    split = DatasetSplitter(train=2, validation=0, test=2).split(load_file(folder / "qa.csv"))
    split.save(folder)
    upload(folder, memory)
    for name in ("train.jsonl", "test.jsonl"):
        assert values(load_saved(f"{memory}/{name}")) == values(load_saved(folder / name))
        assert values(load_file(f"{memory}/{name}")) == values(load_file(folder / name))
    assert Placement.read(f"{memory}/placement.json") == split.placement


def test_a_local_table_may_name_images_of_a_store(folder: Path, store: str, tmp_path: Path) -> None:
    upload(folder, store)
    rows = [*ROWS[:2], {**ROWS[2], "image": f"{store}/images/2.png"}]
    table = tmp_path / "qa.csv"
    pd.DataFrame(rows).to_csv(table, index=False)
    found = list(load_file(table, images=store))
    assert [each.image for each in found] == [f"{store}/images/{n}.png" for n in range(3)]
    assert values(load_hf(rows, images=store)) == values(found)
    saved = save_examples(
        tmp_path / "saved.jsonl", [*found, VQAExample(id="x", image=picture(9), question="?")], images=store
    )
    assert [json.loads(line)["image"] for line in saved.read_text().splitlines()][:3] == [
        f"images/{n}.png" for n in range(3)
    ]
    again = list(load_saved(saved, images=store))
    assert values(again[:3]) == values(found)
    assert image_sha256(again[3].image) == image_sha256(picture(9))
    copied = save_examples(tmp_path / "own" / "saved.jsonl", found)
    assert values(load_saved(copied)) == values(found)
    assert str(load_saved(copied).__next__().image).startswith(str(tmp_path / "own" / "images"))


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("IMAGES/1.png", "images/1.png"),
        ("images\\1.png", "images/1.png"),
        ("./images/../images/1.png", "images/1.png"),
        ("images/1.PNG", "images/1.png"),
        ("https://example.org/1.png", "https://example.org/1.png"),
    ],
)
def test_images_are_found_as_on_a_disk(folder: Path, memory: str, name: str, found: str) -> None:
    pd.DataFrame([{**ROWS[0], "image": name}]).to_csv(folder / "qa.csv", index=False)
    upload(folder, memory)
    expected = found if "://" in found else f"{memory}/{found}"
    assert [each.image for each in load_file(f"{memory}/qa.csv")] == [expected]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("images/11.png", r"missing\. There is '1\.png'"),
        ("nowhere/1.png", "missing"),
        ("images", "missing"),
        ("../secret.png", "leads out of the folder"),
        ("/etc/passwd", "leads out of the folder"),
        ("images/../../secret.png", "leads out of the folder"),
        ("s3://elsewhere/1.png", "another store"),
        ("file:///etc/passwd", "another store"),
    ],
)
def test_images_that_cannot_be_meant_are_refused_with_url_and_line(
    folder: Path, memory: str, name: str, why: str
) -> None:
    pd.DataFrame([ROWS[0], {**ROWS[0], "image": name}]).to_csv(folder / "qa.csv", index=False)
    upload(folder, memory)
    with pytest.raises(ImageError, match=why) as caught:
        list(load_file(f"{memory}/qa.csv"))
    assert (caught.value.path, caught.value.line) == (f"{memory}/qa.csv", 3)


@pytest.mark.parametrize(
    ("content", "why", "line"),
    [
        (b"image,question,answer\na.png,b\n", "2 cells under 3 columns", 2),
        (b"image,question,answer\n", "no rows", None),
        (b"picture of it,question,answer\nimages/1.png,b,c\n", "column", 2),
        (b"image,question,answer\nimages/1.png,b,\xff\xfe\xfa\xc3(\n", None, None),
        (b"", "no rows", None),
    ],
)
def test_broken_tables_are_refused_alike(folder: Path, memory: str, content: bytes, why: str | None, line: int) -> None:
    (folder / "qa.csv").write_bytes(content)
    upload(folder, memory)
    errors: list[tuple[type, str, int | None, str]] = []
    for place in (str(folder), memory):
        try:
            list(load_file(f"{place}/qa.csv"))
        except DataError as error:
            errors.append((type(error), str(error.path).replace(place, ""), error.line, error.message))
        else:
            errors.append((type(None), "", None, ""))
    assert errors[0] == errors[1]
    if why is not None:
        assert why in errors[0][3]
        assert errors[0][2] == line


@pytest.mark.parametrize("name", ["none.csv", "none.jsonl", "images", "images/1.png"])
def test_what_is_no_table(folder: Path, memory: str, name: str) -> None:
    upload(folder, memory)
    with pytest.raises(DataError, match=name.rpartition("/")[2].replace(".", r"\.")):
        list(load_file(f"{memory}/{name}"))


@pytest.mark.parametrize("load", [load_folder, load_file])
@pytest.mark.parametrize(
    "url", ["s3://no-such-bucket-of-mine/qa.csv", "https://example.org/qa.csv", "nosuch://x/qa.csv"]
)
def test_a_store_that_is_not_there(load: Callable[[str], Any], url: str, s3_server: str) -> None:
    with pytest.raises(DataError):
        list(load(url))


def test_a_url_as_path_is_refused_with_a_way_out() -> None:
    with pytest.raises(DataError, match="as str"):
        load_file(Path("s3://bucket/qa.csv"))


def test_a_file_url_is_the_file(folder: Path) -> None:
    assert values(load_file(f"file://{folder}/qa.csv")) == values(load_file(folder / "qa.csv"))


def test_a_table_is_streamed(store: str, folder: Path) -> None:
    upload(folder, store, "images/0.png")
    system, place = fsspec.core.url_to_fs(store)
    line = json.dumps({**ROWS[0], "note": "x" * 1000}) + "\n"
    system.pipe_file(f"{place}/long.jsonl", line.encode() * 3_000 + b"broken\n")
    stream = load_file(f"{store}/long.jsonl")
    assert [next(stream).id for _ in range(3)] == ["0", "1", "2"]  # long before the broken line


def test_a_chained_url_is_cached_by_fsspec(folder: Path, store: str) -> None:
    upload(folder, store, "qa.csv", *(f"images/{n}.png" for n in range(4)))
    url = f"simplecache::{store}/qa.csv"
    found = list(load_file(url))
    assert values(found) == values(load_file(folder / "qa.csv"))
    assert found[0].image == f"simplecache::{store}/images/0.png"
