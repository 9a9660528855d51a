"""The folder as a whole: replaced in one step, never mixed with files of others, on any file system."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import fsspec
import pytest

from tests.exchange.samples import examples, picture
from tests.exchange.targets import builder_for, each_target, examples_for, fields, hashes, pixels
from vqaft.errors import DataError, StateError
from vqaft.exchange import LlamaFactory, MsSwift, export

ROOT = Path(__file__).resolve().parents[2]


@each_target
def test_any_fsspec_file_system_can_be_written_and_read(target: Any, tmp_path: Path) -> None:
    place = f"memory://exports/{target.format}"
    given = examples_for(target, tmp_path / "source")
    export(given, target, place, builder=builder_for(target))
    export(given[:5], target, place, builder=builder_for(target))
    assert [*map(fields, target.read(place))] == [*map(fields, given[:5])]
    assert [pixels(one, target) for one in target.read(place)] == [pixels(one, target) for one in given[:5]]
    export(given[:5], target, tmp_path / "out", builder=builder_for(target))
    files = fsspec.filesystem("memory")
    there = {path.partition(f"/exports/{target.format}/")[2] for path in files.find(f"/exports/{target.format}")}
    assert there == hashes(tmp_path / "out").keys()


def test_an_interrupted_upload_is_marked_and_can_be_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = examples(tmp_path / "source")
    place = "memory://exports/interrupted"
    files = fsspec.filesystem("memory")

    def broken(path: str, target: str, **_: Any) -> None:
        if target.endswith(".jpg"):
            raise OSError("the connection broke")
        files.pipe_file(target, Path(path).read_bytes())

    with monkeypatch.context() as patch:
        patch.setattr(files, "put_file", broken)
        with pytest.raises(OSError, match="broke"):
            export(given, LlamaFactory(), place)
    with pytest.raises(StateError, match="interrupted"):
        list(LlamaFactory().read(place))
    export(given, LlamaFactory(), place)
    assert len(list(LlamaFactory().read(place))) == 6


def test_a_new_export_replaces_the_old_one_whole(tmp_path: Path) -> None:
    given = examples(tmp_path / "source")
    export(given, LlamaFactory(), tmp_path / "out")
    export(given[:1], MsSwift(), tmp_path / "out")
    assert not (tmp_path / "out" / "dataset_info.json").exists()
    assert len(list((tmp_path / "out" / "images").iterdir())) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"source", "out"}


def test_a_folder_of_others_is_refused(tmp_path: Path) -> None:
    given = examples(tmp_path / "source")
    out = tmp_path / "out"
    out.mkdir()
    export(given, LlamaFactory(), out)  # an empty folder is free
    (out / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match=r"notes\.txt"):
        export(given, LlamaFactory(), out)
    assert (out / "notes.txt").read_text() == "mine"
    with pytest.raises(DataError, match=r"a\.jpg"):
        export(given, LlamaFactory(), tmp_path / "source")
    with pytest.raises(DataError, match="not a folder"):
        export(given, LlamaFactory(), out / "notes.txt")


def test_a_changed_file_is_not_read_as_if_it_were_the_export(tmp_path: Path) -> None:
    export(examples(tmp_path / "source"), LlamaFactory(), tmp_path / "out")
    file = tmp_path / "out" / "train.jsonl"
    file.write_text(file.read_text().replace("9.00", "9.50"))
    with pytest.raises(StateError, match="manifest=False"):
        list(LlamaFactory().read(tmp_path / "out"))
    assert [one.answer for one in LlamaFactory().read(tmp_path / "out", manifest=False)][1] == "9.50"


def test_a_folder_for_another_target_is_refused(tmp_path: Path) -> None:
    export(examples(tmp_path / "source"), LlamaFactory(), tmp_path / "out")
    with pytest.raises(DataError, match=r"llama-factory, not for ms-swift"):
        list(MsSwift().read(tmp_path / "out"))


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "images/../../secret.png"])
def test_images_outside_the_folder_are_not_read(name: str, tmp_path: Path) -> None:
    export(examples(tmp_path / "source"), LlamaFactory(), tmp_path / "out")
    picture(9).save(tmp_path / "secret.png")
    file = tmp_path / "out" / "train.jsonl"
    first, *others = [json.loads(line) for line in file.read_text().splitlines()]
    first["images"] = [name]
    file.write_text("\n".join(json.dumps(row) for row in [first, *others]))
    with pytest.raises(DataError, match="leads out"):
        list(LlamaFactory().read(tmp_path / "out", manifest=False))


KILLED = """
import os, shutil, signal, sys
from pathlib import Path
import vqaft.durable.folder as folder
from tests.exchange.samples import examples
from vqaft.exchange import LlamaFactory, export

source, out, way = sys.argv[1:]
given = examples(Path(source))
if way == "no-swap":
    folder._swap = lambda one, other: False

def dying(function, place, calls=[]):
    def call(*arguments, **options):
        calls.append(function)
        if len(calls) == place:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)
    return call

for place in range(1, 60):
    export(given, LlamaFactory(), out, max_workers=1)
    child = os.fork()
    if not child:
        folder._SYNC_THREADS = 1
        os.fsync, Path.rename, shutil.rmtree = (dying(each, place) for each in (os.fsync, Path.rename, shutil.rmtree))
        export(given[:2], LlamaFactory(), out, max_workers=1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(len(list(LlamaFactory().read(out))), flush=True)
    if status == 0:
        break
    assert os.WTERMSIG(status) == signal.SIGKILL, status
export(given, LlamaFactory(), out)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")
@pytest.mark.parametrize("way", ["swap", "no-swap"])
def test_a_kill_leaves_the_old_export_or_the_new_one(way: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path / "source"), str(tmp_path / "out"), way]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603
    counts = run.stdout.split()
    assert len(counts) > 10
    assert set(counts) == {"2", "6"}
    assert {path.name for path in tmp_path.iterdir()} == {"source", "out"}  # nothing of the killed runs is left
