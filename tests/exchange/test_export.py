"""What holds of every format: round trip, losses, bytes, images, splits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from tests.exchange.samples import examples
from tests.exchange.targets import INSIDE, WHOLE, builder_for, each_target, examples_for, fields, hashes, pixels
from vqaft.data import DatasetSplitter, VQAExample
from vqaft.exchange import ChatJSONL, Exported, HuggingFace, LlamaFactory, Row, Target, export


@each_target
def test_what_was_exported_is_read_back(target: Any, tmp_path: Path) -> None:
    wanted = examples_for(target, tmp_path / "source")
    exported = export(wanted, target, tmp_path / "out", builder=builder_for(target))
    found = list(target.read(tmp_path / "out"))
    assert [*map(fields, found)] == [*map(fields, wanted)]
    assert [pixels(one, target) for one in found] == [pixels(one, target) for one in wanted]
    assert (exported.rows, exported.images, exported.format) == (6, 4, target.format)


@each_target
def test_lossy_is_what_reading_without_the_manifest_changes(target: Any, tmp_path: Path) -> None:
    wanted = examples_for(target, tmp_path / "source")
    exported = export(wanted, target, tmp_path / "out", builder=builder_for(target))
    found = list(target.read(tmp_path / "out", manifest=False))
    assert (exported.lossy == ()) == ([*map(fields, found)] == [*map(fields, wanted)])
    assert (exported.lossy == ()) == (target.format in WHOLE)
    lost = {loss.field: loss.example_ids for loss in exported.lossy}
    assert "question" not in lost
    assert "answer" not in lost
    if lost:
        assert lost.get("answers[1:]") == (None if target.format == "coco-vqa" else ("r2",))
        assert lost["group"] == ("r0", "r1")
        assert "group of 2 examples" in str(exported)
    assert [(one.question, one.answer, pixels(one, target)) for one in found] == [
        (one.question, one.answer, pixels(one, target)) for one in wanted
    ]


@each_target
def test_the_same_examples_give_the_same_bytes(target: Any, tmp_path: Path) -> None:
    given = examples_for(target, tmp_path / "source")
    export(given, target, tmp_path / "one", builder=builder_for(target), max_workers=1)
    export(given, target, tmp_path / "other", builder=builder_for(target), max_workers=3)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "other")


@each_target
def test_each_picture_is_one_file(target: Any, tmp_path: Path) -> None:
    export(examples_for(target, tmp_path / "source"), target, tmp_path / "out", builder=builder_for(target))
    images = [path for path in (tmp_path / "out").rglob("*") if path.suffix in {".jpg", ".png", ".webp"}]
    assert len(images) == (0 if target.format in INSIDE else 4)
    sizes = set()
    for path in images:
        with Image.open(path) as image:
            assert not image.getexif()
            if target.format != "coco-vqa":  # which numbers its images
                assert path.stem == hashlib.sha256(path.read_bytes()).hexdigest()[:32]
            sizes.add(image.size)
    assert not images or sizes == {(48, 32), (80, 40)}  # the turned picture stands upright


@each_target
def test_splits_keep_their_names_and_their_order(target: Any, tmp_path: Path) -> None:
    given = examples_for(target, tmp_path / "source")
    exported = export({"train": given[:4], "test": given[4:]}, target, tmp_path / "out", builder=builder_for(target))
    assert exported.rows == 6
    assert [one.id for one in target.read(tmp_path / "out")] == [one.id for one in given]
    assert [one.id for one in target.read(tmp_path / "out", split="test")] == ["r4", "r5"]
    assert [one.question for one in target.read(tmp_path / "out", split="test", manifest=False)] == [
        "Is it paid? ",
        "Above 5?",
    ]


def test_a_split_object_is_exported_by_its_parts(tmp_path: Path) -> None:
    given = examples(tmp_path / "source")
    parts = DatasetSplitter(train=0.5, validation=0, test=0.5, near_duplicates=None).split(given)
    export(parts, LlamaFactory(), tmp_path / "out")
    assert [one.id for one in LlamaFactory().read(tmp_path / "out", split="test")] == [one.id for one in parts.test]


def test_metadata_that_json_cannot_hold_is_named(tmp_path: Path) -> None:
    given = [replace(one, metadata={"place": Path("x")}) for one in examples(tmp_path / "source")[:1]]
    exported = export(given, HuggingFace(), tmp_path / "out")
    assert [loss.field for loss in exported.lossy] == ["metadata"]
    assert next(iter(HuggingFace().read(tmp_path / "out"))).metadata == {"place": "x"}


@dataclass(frozen=True)
class OneLine:
    """A target of one's own: no base class, no registration."""

    format: str = "one-line"

    def problems(self, row: Row) -> Iterator[str]:  # noqa: ARG002 - none is refused
        return iter(())

    def write(self, rows: Any, folder: Any) -> None:
        folder.write_jsonl(
            "train.jsonl",
            ({"q": row.asked[0].text, "a": row.asked[1].text, "i": folder.write_image(row.images[0])} for row in rows),
        )

    def parse(self, folder: Any) -> Iterator[tuple[str, VQAExample]]:
        for number, row in enumerate(folder.read_jsonl("train.jsonl")):
            yield (
                "train",
                VQAExample(id=str(number), image=folder.image(row["i"]), question=row["q"], answers=(row["a"],)),
            )


def test_a_target_of_ones_own_needs_no_base_class(tmp_path: Path) -> None:
    target: Target = OneLine()
    exported: Exported = export(examples(tmp_path / "source"), target, tmp_path / "out")
    assert {loss.field for loss in exported.lossy} >= {"id", "group", "answers[1:]"}


def test_web_addresses_are_passed_on_where_the_provider_fetches_them(tmp_path: Path) -> None:
    first, *_ = examples(tmp_path / "source")
    address = "https://example.com/receipt.jpg"
    wanted = replace(first, images=(address, first.image))
    exported = export([wanted], ChatJSONL(), tmp_path / "out")
    assert "images" not in {loss.field for loss in exported.lossy}
    (found,) = ChatJSONL().read(tmp_path / "out")
    assert found.images[0] == address
    assert pixels(replace(found, images=found.images[1:])) == pixels(first)


def test_many_rows_are_cut_into_shards(tmp_path: Path) -> None:
    first, *_ = examples(tmp_path / "source")
    many = [replace(first, id=f"e{number}") for number in range(200)]
    for size, shards in ((500_000_000, 1), (1, 4)):
        target = HuggingFace(shard_bytes=size)
        export(many, target, tmp_path / "out")
        assert len(list((tmp_path / "out" / "data").iterdir())) == shards
        assert (tmp_path / "out" / "data" / f"train-00000-of-0000{shards}.parquet").exists()
        assert [one.id for one in target.read(tmp_path / "out", manifest=False)] == [one.id for one in many]
