"""`vqaft export`, as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.exchange.samples import examples
from vqaft.cli.app import app
from vqaft.cli.exporting import TARGETS
from vqaft.data import save_examples
from vqaft.exchange import HuggingFace, LlamaFactory, export


def vqaft(*arguments: str) -> Any:
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    known = examples(tmp_path)
    save_examples(tmp_path / "train.jsonl", known[:4])
    save_examples(tmp_path / "test.jsonl", known[4:])
    return tmp_path


def test_a_table_is_exported(folder: Path) -> None:
    options = ("--to", "llama-factory", "--name", "receipts", "--system", "Be brief.", "--out", "out")
    run = vqaft("export", "train.jsonl", *options, "--test", "test.jsonl")
    assert run.exit_code == 0, run.output
    assert "6 rows and 4 images for llama-factory" in run.stdout
    info = json.loads((folder / "out" / "dataset_info.json").read_text())
    assert list(info) == ["receipts", "receipts_test"]
    assert "Be brief." in (folder / "out" / "train.jsonl").read_text()
    assert [one.id for one in LlamaFactory().read(folder / "out", split="test")] == ["test-r4", "test-r5"]


def test_the_result_as_json(folder: Path) -> None:
    run = vqaft("export", "train.jsonl", "--to", "hugging-face", "--license", "mit", "--json")
    assert json.loads(run.stdout) == {
        "folder": "export",
        "format": "hugging-face",
        "rows": 4,
        "images": 2,
        "lossy": {},
    }
    assert "license: mit" in (folder / "export" / "README.md").read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--to", "nothing"), "not one of hugging-face"),
        (("--to", "gemini"), "--uri"),
        (("--to", "trl", "--name", "x"), "takes no --name"),
        (("--to", "trl", "--push", "a/b"), "only --to hugging-face"),
        (("--to", "maestro", "--system", "Be brief."), "no system role"),
    ],
)
def test_what_cannot_be_exported_is_said(options: tuple[str, ...], words: str, folder: Path) -> None:
    run = vqaft("export", "train.jsonl", *options)
    assert run.exit_code
    assert words in " ".join(f"{run.output} {run.exception}".replace("│", " ").split())
    assert not (folder / "export").exists()


def test_every_format_is_a_command(tmp_path: Path) -> None:
    settings = {"gemini": {"uri": "gs://b"}, "nova": {"uri": "s3://b"}}
    for name, target in TARGETS.items():
        assert target(**settings.get(name, {})).format == name
    assert export(examples(tmp_path / "a"), HuggingFace(), tmp_path / "out").to_dict()["lossy"] == {}
