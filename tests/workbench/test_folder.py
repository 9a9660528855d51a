"""Files of a project's folder: recognized, and nothing outside of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vqaft.errors import StateError
from vqaft.workbench.folder import MAX_DEPTH, ProjectFolder, recognize

CONTENTS = {
    "train.jsonl": (b'{"messages": []}\n', "training"),
    "deep/preferences.jsonl": (b'{"input": {"messages": []}}\n', "training"),
    "test.jsonl": (b'{"id": "1", "question": "q"}\n', "examples"),
    "table.csv": (b"image,question,answer\n", "examples"),
    "base.json": (b'{\n "format": "vqaft.evaluation",\n "version": 1}', "evaluation"),
    "both.json": (b'{"format": "vqaft.comparison"}', "comparison"),
    "base.jsonl": (b'{"format": "vqaft-predictions/1", "settings": {}}\n', "predictions"),
    "report.html": (b'<head><meta name="generator" content="vqaft"></head>', "report"),
    "audit.html": (b'<meta name="generator" content="vqaft"><meta name="vqaft-page" content="audit">', "audit"),
    "other.html": (b"<script>alert(1)</script>", None),
    "other.json": (b'{"question": 1}', None),
    "other.jsonl": (b'{"a": 1}\n', None),
    "other.csv": (b"a,b\n", None),
    "notes.txt": (b'{"messages": []}', None),
    ".hidden/train.jsonl": (b'{"messages": []}\n', None),
    "node_modules/train.jsonl": (b'{"messages": []}\n', None),
    "/".join(["d"] * (MAX_DEPTH + 1)) + "/train.jsonl": (b'{"messages": []}\n', None),
}


@pytest.fixture
def project(tmp_path: Path) -> ProjectFolder:
    for name, (content, _) in CONTENTS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return ProjectFolder(tmp_path)


def test_files_are_recognized_by_their_first_bytes(project: ProjectFolder) -> None:
    assert {file.name: file.kind for file in project.files()} == {
        name: kind for name, (_, kind) in CONTENTS.items() if kind is not None
    }
    assert {file.name for file in project.files({"training"})} == {"train.jsonl", "deep/preferences.jsonl"}


def test_a_file_is_found_by_its_id_and_by_nothing_else(project: ProjectFolder) -> None:
    (train,) = [file for file in project.files() if file.name == "train.jsonl"]
    assert project.file(train.id) == train
    assert project.file(train.id, {"report"}) is None
    for name in ("train.jsonl", "../train.jsonl", str(train.path), "", ".."):
        assert project.file(name) is None
    assert ProjectFolder(project.path).file(train.id) == train  # ids outlive a restart


def test_changes_are_seen(project: ProjectFolder) -> None:
    (train,) = [file for file in project.files() if file.name == "train.jsonl"]
    train.path.write_bytes(b'{"id": "1", "question": "q"}\n')
    os.utime(train.path, ns=(1, 1))
    found = project.file(train.id)
    assert found is not None
    assert found.kind == "examples"
    train.path.unlink()
    assert project.file(train.id) is None


def test_symbolic_links_are_left_out(project: ProjectFolder, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.jsonl").write_bytes(b'{"messages": []}\n')
    (project.path / "link.jsonl").symlink_to(outside / "secret.jsonl")
    (project.path / "folder").symlink_to(outside)
    assert {file.name for file in project.files({"training"})} == {"train.jsonl", "deep/preferences.jsonl"}


@pytest.mark.parametrize("part", ["deep/preferences.jsonl", "deep"])
def test_a_file_that_becomes_a_link_is_gone(
    project: ProjectFolder, tmp_path_factory: pytest.TempPathFactory, part: str
) -> None:
    (file,) = [file for file in project.files() if file.name == "deep/preferences.jsonl"]
    moved = tmp_path_factory.mktemp("outside") / "moved"
    (project.path / part).rename(moved)
    (project.path / part).symlink_to(moved)
    assert project.file(file.id) is None


def test_what_cannot_be_read_is_nothing(tmp_path: Path) -> None:
    assert recognize(tmp_path / "none.jsonl") is None
    with pytest.raises(StateError, match="not a folder"):
        ProjectFolder(tmp_path / "none")
