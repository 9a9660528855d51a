"""Each command does its work on real files, against a real server, and says plainly what goes wrong."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import httpx
import pytest

import vqaft
from vqaft.cli import main
from vqaft.data import save_examples
from vqaft.server import LocalServer


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Examples and a training file, as a user has them."""
    made = tmp_path_factory.mktemp("cli")
    split = vqaft.DatasetSplitter(train=14, validation=0, test=8, seed=1).split(vqaft.load_easy_vqa("test"))
    save_examples(made / "all.jsonl", [*split.train, *split.test])
    save_examples(made / "train_examples.jsonl", split.train)
    split.save(made / "split")
    save_examples(made / "test_examples.jsonl", split.test)
    vqaft.write_jsonl(made / "train.jsonl", map(vqaft.MessageBuilder().record, split.train))
    return made


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    with LocalServer() as running:
        yield running


def run(*arguments: str, folder: Path, server: LocalServer | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command line in this process: starting Python anew would take longer than most commands."""
    keys = {} if server is None else {"OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": server.api_key}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    out, err = io.BytesIO(), io.BytesIO()
    printed = io.TextIOWrapper(out, encoding="utf-8", write_through=True)
    complained = io.TextIOWrapper(err, encoding="utf-8", write_through=True)
    with (
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, {**clean, **keys}, clear=True),
        mock.patch.object(sys, "argv", ["vqaft", *arguments]),
        mock.patch.object(sys, "path", [str(folder), *sys.path]),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(complained),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("default")
        with pytest.raises(SystemExit) as exited:
            main()
        gc.collect()  # what a process leaves open to its end
        sys.modules.pop("own", None)  # scorers of the folder
    code = exited.value.code or 0
    assert isinstance(code, int)
    return subprocess.CompletedProcess(arguments, code, out.getvalue().decode(), err.getvalue().decode())


def test_check(folder: Path) -> None:
    good = run("check", "train.jsonl", folder=folder)
    assert good.returncode == 0, good.stderr
    lines = (folder / "train.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "bad.jsonl").write_bytes(b"".join([*lines[:11], b'{"messages": []}\n']))
    bad = run("check", "bad.jsonl", "--format", "json", folder=folder)
    assert bad.returncode == 1
    assert any(problem["line"] == 12 for problem in json.loads(bad.stdout)["problems"])


def test_check_fixes_into_a_new_file(folder: Path) -> None:
    content = (folder / "train.jsonl").read_bytes()
    (folder / "windows.jsonl").write_bytes(content.replace(b"\n", b"\r\n"))
    result = run("check", "windows.jsonl", "--fix", "fixed.jsonl", folder=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    assert b"\r" not in (folder / "fixed.jsonl").read_bytes()


def test_cost(folder: Path) -> None:
    result = run("cost", "train.jsonl", "--epochs", "2", folder=folder)
    assert result.returncode == 0, result.stderr
    assert "gpt-4o-2024-08-06" in result.stdout


def test_split_and_audit(folder: Path) -> None:
    made = run("split", "all.jsonl", "--out", "parts", "--train", "12", "--test", "6", folder=folder)
    assert made.returncode == 0, made.stderr
    clean = run("audit", "parts/train.jsonl", "parts/test.jsonl", folder=folder)
    assert clean.returncode == 0, clean.stdout + clean.stderr
    page = ("--page", "audit.html", "--data", "easy shapes")
    twice = run("audit", "parts/test.jsonl", "all/test.jsonl", "parts/train.jsonl", folder=folder)
    assert twice.returncode == 2
    assert "two are called 'test': 'parts/test.jsonl' and 'all/test.jsonl'. Name the parts" in twice.stderr
    leaking = run("audit", "train=parts/train.jsonl", "test=all.jsonl", *page, folder=folder)
    assert leaking.returncode == 1
    assert "<dd>easy shapes</dd>" in (folder / "audit.html").read_text(encoding="utf-8")


def test_from_a_job_to_a_report(folder: Path, server: LocalServer) -> None:
    backend_keys = {"folder": folder, "server": server}
    from openai import OpenAI

    with OpenAI(base_url=server.base_url, api_key=server.api_key) as client:
        tuning = vqaft.FineTuneClient(vqaft.OpenAIBackend(client), ledger=folder / "ledger.jsonl", progress=False)
        job = tuning.start(folder / "train.jsonl", model="embedded-vqa", seed=1).id
    watched = run("watch", job, "--metrics", "metrics.csv", **backend_keys)  # type: ignore[arg-type]
    model = watched.stdout.strip()
    assert model.startswith("ft:embedded-vqa:"), watched.stderr
    listed = run("jobs", **backend_keys)  # type: ignore[arg-type]
    assert re.search(rf"{job} .*succeeded .*{re.escape(model)}", listed.stdout)
    for name, asked in (("base", "embedded-vqa"), ("tuned", model)):
        answered = run("predict", "test_examples.jsonl", "--model", asked, "--out", f"{name}.jsonl", **backend_keys)  # type: ignore[arg-type]
        assert answered.returncode == 0, answered.stderr
        scored = run("evaluate", "test_examples.jsonl", f"{name}.jsonl", "--out", f"{name}.json", folder=folder)
        assert scored.returncode == 0, scored.stderr
    compared = run("compare", "base.json", "tuned.json", folder=folder)
    assert "exact" in compared.stdout, compared.stderr
    (folder / "again.json").write_bytes((folder / "tuned.json").read_bytes())
    sections = ("--also", "again.json", "--training", "metrics.csv", "--split", "split", "--data", "easy shapes")
    shown = run("report", "base.json", "tuned.json", "--table", "test_examples.jsonl", *sections, folder=folder)
    assert shown.returncode == 0, shown.stderr
    page = (folder / "report.html").read_text(encoding="utf-8")
    for wanted in ("again against tuned", "Training: loss by step", "The split shares nothing", "<dd>easy shapes</dd>"):
        assert wanted in page
    several = run("report", "base.json", "tuned.json", "--also", "again.json", "--out", "several.md", folder=folder)
    assert several.returncode == 0, several.stderr
    assert "| again against tuned |" in (folder / "several.md").read_text(encoding="utf-8")
    pairs = run("compare", "base.json", "tuned.json", "--also", "again.json", "--json", folder=folder).stdout
    assert [pair["second"] for pair in json.loads(pairs)["pairs"]] == ["tuned", "again", "again"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "none.jsonl"), "none.jsonl"),
        (("split", "none.csv"), "none.csv"),
        (("split", "all.jsonl", "--train", "5000", "--test", "1"), "5000"),
        (("jobs",), "OPENAI_API_KEY"),
        (("compare", "none.json", "none.json"), "none.json"),
        (("report", "none.json", "a.json", "--also", "b/a.json"), "same file name"),
        (("report", "none.json", "a.json", "--split", "."), "none.json"),
        (("report", "none.json", "a.json", "--out", "r.csv", "--data", "d"), "only an .html report shows --data"),
    ],
)
def test_what_goes_wrong_is_said_in_words(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    result = run(*arguments, folder=folder)
    assert result.returncode == 2
    assert words in result.stderr
    assert "Traceback" not in result.stderr


def test_serve_does_without_the_workbench(tmp_path: Path) -> None:
    code = "import sys; sys.modules['jinja2'] = None; from vqaft.cli import main; main()"
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", code, "serve", "--port", "0", "--folder", str(tmp_path / "state")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    try:
        assert lines[2].startswith("# No workbench: jinja2 is not installed. Install it with")
        url = lines[0].partition("=")[2].strip().removesuffix("/v1")
        assert httpx.get(f"{url}/health").json() == {"status": "ok"}
        result = run("workbench", "--url", url, "--folder", str(tmp_path / "state"), folder=tmp_path)
        assert "no vqaft server with a workbench" in result.stderr
    finally:
        process.terminate()
        process.communicate(timeout=20)


def test_serve_tells_how_to_reach_it(tmp_path: Path) -> None:
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "vqaft", "serve", "--port", "0", "--folder", str(tmp_path / "state")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    try:
        assert re.fullmatch(r"export OPENAI_BASE_URL=http://127\.0\.0\.1:\d+/v1\n", lines[0])
        assert lines[1].startswith("export OPENAI_API_KEY=")
        url = lines[0].partition("=")[2].strip().removesuffix("/v1")
        assert re.fullmatch(rf"# Workbench: {url}/#code=\S+  \(works once, within 5 minutes\)\n", lines[2])
        link = run("workbench", "--url", url, "--folder", str(tmp_path / "state"), folder=tmp_path)
        place, _, code = link.stdout.strip().partition("/#code=")
        assert place == url
        signed = httpx.post(f"{url}/workbench/login", data={"code": code}, headers={"origin": url})
        assert signed.status_code == httpx.codes.SEE_OTHER
        other = run("workbench", "--url", url, "--folder", str(tmp_path / "other"), folder=tmp_path)
        assert "has another key" in other.stderr
    finally:
        process.terminate()
        process.communicate(timeout=20)
