"""What is moved out of the way can be had back for a day; what others put there is theirs."""

from __future__ import annotations

import re
from pathlib import Path

from vqaft.durable import Trash

NAMES = re.compile(r"file-\d")
DAY_S = 86_400


def test_things_stay_for_a_day(tmp_path: Path) -> None:
    trash = Trash(tmp_path / "trash", own_names=NAMES)
    for content in ("first", "second"):  # the same name twice in one second
        (tmp_path / "file-1").write_text(content)
        trash.discard(tmp_path / "file-1", now=100)
    (tmp_path / "file-2").mkdir()
    (tmp_path / "file-2/a").write_text("in a folder")
    trash.discard(tmp_path / "file-2", now=101)
    trash.empty(now=100 + DAY_S - 1)
    assert (tmp_path / "trash/100-file-1").read_text() == "first"
    assert (tmp_path / "trash/100-file-1.1").read_text() == "second"
    trash.empty(now=100 + DAY_S)
    assert [path.name for path in (tmp_path / "trash").iterdir()] == ["101-file-2"]
    trash.empty(now=101 + DAY_S)
    assert [*(tmp_path / "trash").iterdir()] == []


def test_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    trash = Trash(tmp_path / "trash", own_names=NAMES)
    trash.empty(now=1)
    trash.discard(tmp_path / "file-1", now=1)
    trash.empty(now=9**9)


def test_other_names_and_what_a_link_points_to_stay(tmp_path: Path) -> None:
    trash = Trash(tmp_path / "trash", own_names=NAMES)
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/a").write_text("theirs")
    (tmp_path / "file-1").symlink_to(tmp_path / "theirs")
    trash.discard(tmp_path / "file-1", now=1)
    for name in ("1-note", "file-1", "x-file-1", "1-file-1-2"):
        (tmp_path / "trash" / name).write_text("theirs")
    trash.empty(now=9**9)
    assert (tmp_path / "theirs/a").read_text() == "theirs"
    assert {path.name for path in (tmp_path / "trash").iterdir()} == {"1-note", "file-1", "x-file-1", "1-file-1-2"}
