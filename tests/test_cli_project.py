"""The whole job from the command line: a new folder, its settings, and every step to the report."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.test_cli import run
from vqaft.check import RULES
from vqaft.cli.options import SCORERS, MessageOptions, TableOptions, WaitNotice, expand, scorers_of
from vqaft.cli.project import load_settings
from vqaft.cli.terminal import in_command_words
from vqaft.cli.training import HyperparameterOptions
from vqaft.data import load_file
from vqaft.errors import DataError, ServiceUnreachableError
from vqaft.inference import Predictions
from vqaft.server import LocalServer


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    with LocalServer() as running:
        yield running


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    made = run("init", "vqa", folder=folder)
    assert made.returncode == 0, made.stderr
    return folder / "vqa"


def test_from_a_new_folder_to_a_report(project: Path, server: LocalServer) -> None:
    def succeeds(*arguments: str) -> str:
        result = run(*arguments, folder=project, server=server)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    (project / "own.py").write_text("def first(answered): return answered.answer[:1] == answered.example.answer[:1]\n")
    succeeds("split", "qa.csv")
    assert "92 rows" in succeeds("build", "split/train.jsonl")
    model = succeeds("train", "train.jsonl").strip()
    assert model.startswith("ft:embedded-vqa:")
    assert succeeds("train", "train.jsonl").strip() == model  # the same job, not a second one
    assert len(succeeds("jobs").splitlines()) == 1
    for name, arguments in {"base": (), "tuned": ("--model", model)}.items():
        succeeds("predict", "split/test.jsonl", "--out", f"{name}.jsonl", "--limit", "12", *arguments)
        scorers = ("--scorer", "exact", "--scorer", "own:first")
        succeeds("evaluate", "split/test.jsonl", f"{name}.jsonl", "--limit", "12", "--out", f"{name}.json", *scorers)
    compared = json.loads(succeeds("compare", "base.json", "tuned.json", "--json"))
    assert compared["format"] == "vqaft.comparison"
    for suffix in ("html", "md", "csv", "json"):
        succeeds("report", "base.json", "tuned.json", "--table", "split/test.jsonl", "--out", f"report.{suffix}")
        assert (project / f"report.{suffix}").stat().st_size > 1_000


def test_a_folder_with_files_is_left_alone(project: Path) -> None:
    before = (project / "qa.csv").read_bytes()
    again = run("init", ".", folder=project)
    assert again.returncode == 2
    assert "not empty" in again.stderr
    assert (project / "qa.csv").read_bytes() == before


def test_few_shot_examples_leave_the_training_rows(project: Path, tmp_path: Path) -> None:
    first = next(iter(load_file(project / "qa.csv")))
    table = (project / "qa.csv").read_text().splitlines()
    (project / "shots.csv").write_text("\n".join(table[:2]) + "\n")
    built = run("build", "qa.csv", "--few-shot", "shots.csv", "--out", str(tmp_path / "t.jsonl"), folder=project)
    assert "4 examples left out" in built.stderr, built.stderr
    assert first.question in (tmp_path / "t.jsonl").read_text()


def test_columns_of_another_name_are_named_by_options(project: Path) -> None:
    text = (project / "qa.csv").read_text()
    (project / "other.csv").write_text(text.replace("image,question,answer", "photo,prompt,reply", 1))
    named = ("--image-column", "photo", "--question-column", "prompt", "--answer-column", "reply")
    assert run("split", "other.csv", "--out", "other", *named, folder=project).returncode == 0
    without = run("split", "other.csv", "--out", "other", folder=project)
    assert without.returncode == 2
    assert "--image-column" in without.stderr
    assert "Columns(" not in without.stderr


def test_a_missing_answer_has_a_remedy_on_the_command_line(project: Path) -> None:
    lines = (project / "qa.csv").read_text().splitlines()
    (project / "holes.csv").write_text("\n".join([*lines, "images/00.png,Why?,,color"]) + "\n")
    refused = run("split", "holes.csv", "--out", "holes", folder=project)
    assert refused.returncode == 2
    assert "--unanswered skip" in refused.stderr
    assert run("split", "holes.csv", "--out", "holes", "--unanswered", "skip", folder=project).returncode == 0


OPTIONS = {"split": {"train", "test", "seed"}, "build": {"system", "max_side"}}


def settings(tmp_path: Path, text: str) -> dict[str, dict[str, Any]]:
    (tmp_path / "vqaft.toml").write_text(text, encoding="utf-8")
    return load_settings(tmp_path / "vqaft.toml", options=OPTIONS)


def test_settings_of_a_command_win_over_those_of_all(tmp_path: Path) -> None:
    found = settings(tmp_path, "[defaults]\nseed = 1\nsystem = 'x'\n[split]\nseed = 2\n")
    assert found == {"split": {"seed": 2}, "build": {"system": "x"}}
    assert load_settings(tmp_path / "none.toml", options=OPTIONS) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[splt]\nseed = 1", "splt"),
        ("[split]\nsede = 1", "sede"),
        ("[defaults]\nsede = 1", "sede"),
        ("seed = 1", "seed"),
        ("[split", "cannot be read"),
        ("split = 3", "outside of a table"),
    ],
)
def test_settings_that_mean_nothing_are_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        settings(tmp_path, text)


def test_scorers_by_name() -> None:
    assert scorers_of(["exact"]) == {"exact": SCORERS["exact"]}
    assert list(scorers_of(["vqaft.evaluation:ANLS"])) == ["ANLS"]
    for name in ("nothing", "no_module:x", "vqaft.evaluation:nothing", "vqaft.version:__version__"):
        with pytest.raises(DataError, match="scorer"):
            scorers_of([name])


def test_groups_of_options_become_options() -> None:
    def command(table: str, columns: TableOptions, messages: MessageOptions) -> None:
        assert (table, columns.limit, messages.system) == ("t", 3, "s")

    values = {**TableOptions(limit=3).__dict__, **MessageOptions(system="s").__dict__}
    expand(command)(table="t", **values)


def test_version() -> None:
    shown = subprocess.run([sys.executable, "-m", "vqaft", "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("vqaft ")


def test_a_required_option_is_named(project: Path) -> None:
    missing = run("export", "split/train.jsonl", "--out", "out", folder=project)
    assert missing.returncode == 2
    assert "--to" in missing.stderr
    assert "MISSING" not in missing.stderr + run("export", "--help", folder=project).stdout


def test_settings_that_are_named_must_exist(project: Path) -> None:
    result = run("--config", "none.toml", "split", "qa.csv", folder=project)
    assert result.returncode == 2
    assert "none.toml" in result.stderr


def test_an_empty_prompt_unsets_that_of_the_project(project: Path, tmp_path: Path) -> None:
    target = tmp_path / "t.jsonl"
    assert run("build", "qa.csv", "--system", "", "--out", str(target), folder=project).returncode == 0
    assert '"system"' not in target.read_text(encoding="utf-8")


def test_columns_hold_for_every_table_of_an_export(project: Path) -> None:
    text = (project / "qa.csv").read_text()
    (project / "renamed.csv").write_text(text.replace("image,question,answer", "photo,prompt,reply", 1))
    named = ("--image-column", "photo", "--question-column", "prompt", "--answer-column", "reply")
    tables = ("renamed.csv", "--test", "renamed.csv", "--to", "trl", "--out", "out/trl", "--limit", "4")
    result = run("export", *tables, *named, folder=project)
    assert result.returncode == 0, result.stderr


def test_bad_rows_can_be_skipped(project: Path) -> None:
    lines = (project / "qa.csv").read_text().splitlines()
    (project / "gone.csv").write_text("\n".join([*lines, "images/none.png,What?,red,color"]) + "\n")
    refused = run("split", "gone.csv", "--out", "gone", folder=project)
    assert refused.returncode == 2
    assert "none.png" in refused.stderr
    assert run("split", "gone.csv", "--out", "gone", "--on-error", "skip", folder=project).returncode == 0


def test_a_report_in_no_known_form_is_refused(project: Path) -> None:
    result = run("report", "a.json", "b.json", "--out", "r.xyz", folder=project)
    assert result.returncode == 2
    assert ".xyz" in result.stderr


@pytest.mark.parametrize(
    ("provider", "words"), [("together", "TOGETHER_API_KEY"), ("fireworks", "FIREWORKS"), ("azure", "AZURE_OPENAI")]
)
def test_another_provider_asks_for_its_own_key(project: Path, provider: str, words: str) -> None:
    result = run("jobs", "--provider", provider, folder=project)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_no_such_provider(project: Path) -> None:
    assert "none" in run("jobs", "--provider", "none", folder=project).stderr


def test_a_folder_by_class_becomes_true_and_false(project: Path) -> None:
    for number, path in enumerate(sorted((project / "images").glob("*.png"))[:12]):
        target = project / "lamps" / ("true" if number % 2 else "false") / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    refused = run("split", "lamps", "--out", "lit", folder=project)
    assert "--question TEXT asks it about every one" in refused.stderr
    made = run(
        "split", "lamps", "--question", "Is it on?", "--train", "8", "--test", "4", "--out", "lit", folder=project
    )
    assert made.returncode == 0, made.stderr
    assert {example.answer for example in load_file(project / "lit" / "test.jsonl")} <= {"true", "false"}
    assert "Fractions" not in made.stderr


def test_fractions_that_are_missed_are_explained(project: Path) -> None:
    made = run("split", "qa.csv", "--limit", "30", "--train", "0.5", "--test", "0.5", "--out", "half", folder=project)
    assert "Fractions are drawn image by image" in made.stderr


def test_bad_images_are_listed_or_left_out(project: Path) -> None:
    lines = (project / "qa.csv").read_text().splitlines()
    for name in ("bad1", "bad2"):
        (project / "images" / f"{name}.png").write_bytes(b"no image")
        lines.append(f"images/{name}.png,What?,red,color")
    (project / "bad.csv").write_text("\n".join(lines) + "\n")
    refused = run("build", "bad.csv", "--out", "bad.jsonl", folder=project)
    assert refused.returncode == 2
    assert all(name in refused.stderr for name in ("2 of 162 examples", "bad1.png", "bad2.png", "--on-error skip"))
    built = run("build", "bad.csv", "--out", "bad.jsonl", "--on-error", "skip", folder=project)
    assert built.returncode == 0, built.stderr
    assert "160 rows" in built.stdout


def test_a_table_is_not_a_training_file(project: Path) -> None:
    result = run("check", "qa.csv", folder=project)
    assert result.returncode == 1
    assert "the file is a table, not a training file. Build a training file from it: vqaft build does." in result.stdout
    assert result.stdout.count("line.not-json  ") == 5  # of 161, which are counted below


def test_predictions_are_not_their_evaluation(project: Path) -> None:
    Predictions([], settings={"model": "m"}).write(project / "asked.jsonl")
    result = run("compare", "asked.jsonl", "asked.jsonl", folder=project)
    assert result.returncode == 2
    assert "vqaft evaluate scores them" in result.stderr


def test_remedies_are_those_of_the_command_line() -> None:
    python = re.compile(r"[A-Z][a-z]+[A-Z]\w+\(?|\w+_file|write_\w+|load_\w+|builder")
    assert [rule.code for rule in RULES if python.search(in_command_words(rule.remedy))] == []


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("loraRank=16", {"loraRank": 16}),
        ("trainingType=globalStandard", {"trainingType": "globalStandard"}),
        ('multimodal_params={"train_vision": true}', {"multimodal_params": {"train_vision": True}}),
        ("a=b=c", {"a": "b=c"}),
    ],
)
def test_fields_of_a_provider(given: str, sent: dict[str, Any]) -> None:
    assert HyperparameterOptions(extra=[given]).provider_fields() == sent


def test_a_field_needs_a_value(project: Path) -> None:
    result = run("train", "x.jsonl", "--extra", "loraRank", folder=project)
    assert result.returncode == 2
    assert "loraRank" in result.stderr


def test_a_service_that_does_not_answer_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    notice = WaitNotice()
    for wait_s in (0.3, 0.6):
        notice(ServiceUnreachableError("no answer from http://127.0.0.1:9/v1"), wait_s)
    said = capsys.readouterr().err.splitlines()
    assert said == ["waiting for the service, next attempt in 1 s: no answer from http://127.0.0.1:9/v1"]
