"""Laws of all formats, over examples that hypothesis makes up; and files that others have broken."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.exchange.samples import examples, picture
from tests.exchange.targets import PEERS, builder_for, examples_for, fields, hashes
from vqaft.data import Turn, VQAExample
from vqaft.errors import ExportError, VqaftError
from vqaft.exchange import export

IMAGES = [picture(seed) for seed in range(3)]
TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12).filter(lambda text: text.strip())
NASTY = st.sampled_from(
    ["9.00", "007", "None", "null", "2018-12-25", '{"a": 1}', "[1]", '"', "\\", "a\tb", "a\r\nb", "<image>"]
)
VALUE = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=4))


@st.composite
def datasets(draw: st.DrawFn) -> list[VQAExample]:
    count = draw(st.integers(1, 4))
    return [
        VQAExample(
            id=f"{draw(TEXT)}{number}",
            images=draw(st.lists(st.sampled_from(IMAGES), min_size=1, max_size=2)),
            question=draw(TEXT | NASTY),
            answers=draw(st.lists(TEXT | NASTY, min_size=1, max_size=3)),
            question_type=draw(st.none() | TEXT),
            kind=draw(st.sampled_from([None, "open", "closed"])),
            group=draw(st.none() | TEXT),
            metadata=draw(st.dictionaries(TEXT, VALUE, max_size=2)),
            history=draw(
                st.just([]) | st.lists(st.builds(Turn, question=TEXT, answer=TEXT, trained=st.booleans()), max_size=1)
            ),
        )
        for number in range(count)
    ]


@pytest.mark.parametrize("target", PEERS, ids=lambda target: target.format)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(wanted=datasets())
def test_round_trip_loss_and_bytes(
    target: Any, tmp_path_factory: pytest.TempPathFactory, wanted: list[VQAExample]
) -> None:
    folder = tmp_path_factory.mktemp("law")
    try:
        exported = export(wanted, target, folder / "out", builder=builder_for(target), max_workers=1)
    except ExportError:
        assert not list(folder.iterdir())
        return
    found = list(target.read(folder / "out"))
    assert [(*fields(one), one.history) for one in found] == [(*fields(one), one.history) for one in wanted]
    encoder = builder_for(target).encoder
    drawn = [[encoder.encode(image).data for image in one.images] for one in wanted]
    assert [[encoder.encode(image).data for image in one.images] for one in found] == drawn
    native = list(target.read(folder / "out", manifest=False))
    same = [(*fields(one), one.history) for one in native] == [(*fields(one), one.history) for one in wanted]
    assert (exported.lossy == ()) == same
    assert exported.images == len({data for images in drawn for data in images})
    export(wanted, target, folder / "again", builder=builder_for(target), max_workers=1)
    assert hashes(folder / "again") == hashes(folder / "out")
    shutil.rmtree(folder)


def mangled(value: Any) -> list[Any]:
    """Values of other types in place of one."""
    return [other for other in (None, 7, "x", [], {}, [None], {"type": 1}) if type(other) is not type(value)]


@pytest.mark.parametrize("target", PEERS, ids=lambda target: target.format)
def test_rows_of_other_shapes_are_named(target: Any, tmp_path: Path) -> None:
    export(examples_for(target, tmp_path / "source"), target, tmp_path / "out", builder=builder_for(target))
    files = [path for path in (tmp_path / "out").rglob("[!.]*") if path.suffix in {".json", ".jsonl"}]
    unread = ("meta_", "data_dict")  # what trainers need and a reader does not
    for path in (path for path in files if ".vqaft" not in path.parts and not path.name.startswith(unread)):
        content = path.read_text()
        first = json.loads(content.splitlines()[0]) if path.suffix == ".jsonl" else json.loads(content)
        row = first[0] if isinstance(first, list) else first
        for key in list(row):
            for other in mangled(row[key]):
                broken = json.dumps([{**row, key: other}] if isinstance(first, list) else {**row, key: other})
                path.write_text(broken + "\n")
                _read_or_name(target, tmp_path / "out")
        path.write_text("{")
        with pytest.raises(VqaftError):
            list(target.read(tmp_path / "out", manifest=False))
        path.write_text(content)
    for path in (path for path in (tmp_path / "out").rglob("*") if path.suffix in {".parquet", ".tar", ".tsv"}):
        path.write_bytes(path.read_bytes()[:-50])
        _read_or_name(target, tmp_path / "out")
        path.write_bytes(b"broken")
        _read_or_name(target, tmp_path / "out")


def _read_or_name(target: Any, folder: Path) -> None:
    try:
        list(target.read(folder, manifest=False))
    except VqaftError:
        return


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    for target in PEERS:
        with pytest.raises(VqaftError):
            list(target.read(tmp_path))
    assert examples(tmp_path / "source")
