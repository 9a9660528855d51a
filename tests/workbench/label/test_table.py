"""Verdicts on the disk: at once, undone, and by more than one process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workbench.answered import write_project
from vqaft.data import load_file
from vqaft.errors import DataError
from vqaft.evaluation import HumanVerdicts
from vqaft.workbench.label.items import LabelItem, TaskFiles, load_task
from vqaft.workbench.label.table import VerdictTable, table_path


@pytest.fixture
def items(tmp_path: Path) -> tuple[LabelItem, ...]:
    write_project(tmp_path)
    files = TaskFiles(answers=tmp_path / "comparison.json", kind="comparison", examples=(tmp_path / "test.jsonl",))
    return load_task(files).items


def table(folder: Path) -> VerdictTable:
    return VerdictTable(table_path(folder, "a/comparison.json", "Ann B"), person="Ann B")


def test_every_verdict_is_on_the_disk_at_once(items: tuple[LabelItem, ...], tmp_path: Path) -> None:
    mine = table(tmp_path)
    assert mine.path.name == "labels-a-comparison-Ann-B.jsonl"
    for number, item in enumerate(items, start=1):
        mine.put(item, level="Right")
        assert len(HumanVerdicts.read(mine.path)) == number
    assert {verdict.person for verdict in HumanVerdicts.read(mine.path)} == {"Ann B"}
    assert len(list(load_file(mine.path))) == len(items)  # every row has an id of its own


def test_a_second_thought_replaces_the_first_and_undo_takes_back(items: tuple[LabelItem, ...], tmp_path: Path) -> None:
    mine = table(tmp_path)
    mine.put(items[0], level="Right")
    mine.put(items[1], level="Wrong")
    mine.put(items[0], label="wrong", corrected="pink")
    assert [verdict.level for verdict in HumanVerdicts.read(mine.path)] == ["Wrong", None]
    undone = mine.undo()
    assert undone is not None
    assert undone.corrected == "pink"
    assert len(table(tmp_path).verdicts) == 1
    assert mine.undo() is not None
    assert mine.undo() is None
    assert not mine.path.exists()


def test_what_another_process_wrote_is_kept(items: tuple[LabelItem, ...], tmp_path: Path) -> None:
    mine, other = table(tmp_path), table(tmp_path)
    mine.put(items[0], level="Right")
    other.put(items[1], label="unsure")
    mine.put(items[2], level="Wrong")
    assert len(HumanVerdicts.read(mine.path)) == len(other.verdicts) == 3


def test_images_of_the_folder_are_named_and_not_copied(items: tuple[LabelItem, ...], tmp_path: Path) -> None:
    before = set((tmp_path / "images").iterdir())
    mine = table(tmp_path)
    for item in items:
        mine.put(item, level="Right")
    assert set((tmp_path / "images").iterdir()) == before


def test_a_file_of_something_else_is_left_alone(items: tuple[LabelItem, ...], tmp_path: Path) -> None:
    path = table_path(tmp_path, "comparison.json", "Ann")
    path.write_bytes((tmp_path / "test.jsonl").read_bytes())
    with pytest.raises(DataError, match="holds no verdicts"):
        VerdictTable(path, person="Ann").put(items[0], level="Right")
    assert path.read_bytes() == (tmp_path / "test.jsonl").read_bytes()


@pytest.mark.parametrize("person", ["", " ", "../../etc", "a/b", ".hidden", "x" * 41, "a\nb", "<b>", "a-b", "a  b"])
def test_names_that_no_file_should_have_are_refused(tmp_path: Path, person: str) -> None:
    with pytest.raises(DataError, match="not a name"):
        table_path(tmp_path, "comparison.json", person)
