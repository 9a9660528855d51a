"""Images of chat files stay in the file: a list of examples is small, and a changed file is noticed."""

from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path

import pytest

from tests.data.pictures import picture
from vqaft.data import VQAExample, audit_splits, load_file
from vqaft.errors import ImageError
from vqaft.images import ImageSource, InputLimits, read_source
from vqaft.records import MessageBuilder, write_jsonl


def asked(question: str, *images: ImageSource) -> VQAExample:
    return VQAExample(id=question, images=images, question=question, answers=("yes",))


def written(path: Path, count: int = 40, *, mark: bool = False) -> Path:
    rows = [asked(f"Which, {number}? é\u2028", picture(number % 8)) for number in range(count)]
    write_jsonl(path, map(MessageBuilder().record, rows), manifest=False)
    if mark:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    return path


@pytest.mark.parametrize("mark", [False, True])
def test_images_are_read_from_their_line(tmp_path: Path, mark: bool) -> None:  # noqa: FBT001
    loaded = list(load_file(written(tmp_path / "t.jsonl", mark=mark)))
    for number, each in enumerate(loaded):
        expected = MessageBuilder().record(asked(each.question, picture(number % 8)))
        again = MessageBuilder().record(asked(each.question, *each.images))
        assert again.to_json() == expected.to_json()
    assert pickle.loads(pickle.dumps(loaded)) == loaded  # noqa: S301 - our own
    assert len({each.image for each in loaded}) == len(loaded)


def test_a_list_holds_no_pixels(tmp_path: Path) -> None:
    path = written(tmp_path / "t.jsonl", 60)
    list(load_file(path))  # imports, caches
    tracemalloc.start()
    loaded = list(load_file(path))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / len(loaded) < 2_500 < path.stat().st_size / len(loaded)


def test_a_file_that_changed_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path / "t.jsonl")
    loaded = list(load_file(path))
    path.write_bytes(path.read_bytes()[50:])
    with pytest.raises(ImageError, match=r"changed|cannot be read"):
        read_source(loaded[3].image, InputLimits())


def test_an_audit_of_chat_files_reads_each_picture(tmp_path: Path) -> None:
    one, other = written(tmp_path / "train.jsonl", 16), written(tmp_path / "test.jsonl", 8)
    report = audit_splits({"train": load_file(one, prefix="a-"), "test": load_file(other, prefix="b-")})
    assert report.overlaps[0].same == 8
