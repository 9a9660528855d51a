"""Nothing that comes from a file or a service acts on the terminal, wherever it is printed."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from vqaft.check import check_file
from vqaft.cli import main, terminal
from vqaft.data import VQAExample, answer_distribution, audit_splits, label_conflicts
from vqaft.errors import DataError, StateError, VqaftError
from vqaft.evaluation import Evaluator, ExactMatch, compare
from vqaft.inference import Prediction, Predictions
from vqaft.report import write_audit_page
from vqaft.service.progress import ByteProgress

HOSTILE = "\x1b]0;owned\x07\x1b]52;c;cm0gLXJm\x07\u202e\u200b\x9b31m\u2028\x00\r"


def raw(text: str) -> set[str]:
    """What of a text would act, or would not be seen."""
    hidden = {sign for sign in text if unicodedata.category(sign)[0] == "C" or sign in "\u2028\u2029"}
    return hidden - {"\n", "\t"}


def image(value: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), (value, 0, 255 - value)).save(buffer, "PNG")
    return buffer.getvalue()


def examples(prefix: str) -> list[VQAExample]:
    return [
        VQAExample(
            id=f"{prefix}{number}{HOSTILE}",
            image=image(40 * number),
            question=f"What{HOSTILE}?",
            answers=(f"{prefix}{HOSTILE}",),
            question_type=f"type{HOSTILE}",
        )
        for number in range(3)
    ]


def checked(folder: Path) -> str:
    path = folder / "a.jsonl"
    row = {"messages": [{"role": HOSTILE, "content": HOSTILE}], HOSTILE: 1}
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    report = check_file(path)
    return f"{report}{report._repr_html_()}"


def compared(_: Path) -> str:
    mine = examples("a")
    evaluator = Evaluator({f"exact{HOSTILE}": ExactMatch()})
    sides = [
        evaluator.evaluate(
            mine, Predictions([Prediction(example_id=each.id, model=f"{name}{HOSTILE}", answer="x") for each in mine])
        )
        for name in "ab"
    ]
    comparison = compare(*sides, resamples=20)
    return f"{sides[0]}{comparison}{comparison._repr_html_()}"


def audited(folder: Path) -> str:
    report = audit_splits({f"train{HOSTILE}": examples("a"), f"test{HOSTILE}": examples("b")})
    page = write_audit_page(folder / "a.html", report, title=HOSTILE)
    return f"{report}{report._repr_html_()}{page.read_text(encoding='utf-8')}"


def labelled(_: Path) -> str:
    mine = [*examples("a"), *examples("b")]
    return f"{answer_distribution(mine)}{[str(each) for each in label_conflicts(mine)]}"


def failed(_: Path) -> str:
    error = DataError(HOSTILE, path=HOSTILE, example_id=HOSTILE, hint=HOSTILE)
    return f"{error}{StateError(HOSTILE)}"


EXITS = {"check": checked, "compare": compared, "audit": audited, "labels": labelled, "errors": failed}


@pytest.mark.parametrize("shown", EXITS.values(), ids=EXITS)
def test_what_is_printed_is_printable(tmp_path: Path, shown: Callable[[Path], str]) -> None:
    text = shown(tmp_path)
    assert raw(text) == set()
    assert "\\x1b" in text


def test_a_progress_bar_shows_a_name_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    with ByteProgress(Path(f"a{HOSTILE.replace(chr(0), '')}"), size_bytes=1, enabled=True):
        pass
    shown = capsys.readouterr().err
    assert "\\x1b" in shown
    assert raw(shown) <= {"\r"}  # tqdm's own


def test_an_error_keeps_the_exact_text() -> None:
    assert VqaftError(HOSTILE).message == HOSTILE


Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """Runs the command line in this process; gives exit code, output and errors."""
    umask = os.umask(0o022)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.chdir(folder)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["vqaft", *arguments])
        with pytest.raises(SystemExit) as exited:
            main()
        shown = capsys.readouterr()
        return int(exited.value.code or 0), shown.out, shown.err

    yield run
    os.umask(umask)


IMPOSSIBLE: dict[str, tuple[str, ...]] = {
    "a table that is not there": ("evaluate", "nope.jsonl", "nope.jsonl"),
    "predictions that are not there": ("evaluate", "examples.jsonl", "nope.jsonl"),
    "predictions that are bytes": ("evaluate", "examples.jsonl", "bytes"),
    "an evaluation that is a folder": ("compare", "folder", "folder"),
    "an evaluation that is bytes": ("compare", "bytes", "bytes"),
    "an evaluation that is empty": ("compare", "empty", "empty"),
    "an evaluation of another form": ("compare", "list.json", "list.json"),
    "deep JSON": ("compare", "deep.json", "deep.json"),
    "a file that is not there": ("check", "nope"),
    "a folder to check": ("check", "folder"),
    "a place below a file": ("split", "examples.jsonl", "--out", "bytes/x", "--train", "2", "--test", "1"),
    "a name that is too long": ("split", "examples.jsonl", "--out", "x" * 300, "--train", "2", "--test", "1"),
    "a table of bytes": ("split", "bytes"),
    "a page below a device": ("audit", "a=examples.jsonl", "b=examples.jsonl", "--page", "/dev/null/x"),
    "a server's folder that is a file": ("serve", "--folder", "bytes", "--port", "0"),
    "a server's folder below a file": ("serve", "--folder", "bytes/x", "--port", "0"),
    "a server's folder of somebody else": ("serve", "--folder", "folder", "--port", "0"),
    "a server's name that is too long": ("serve", "--folder", "x" * 300, "--port", "0"),
    "a port that is no port": ("serve", "--folder", "new", "--port", "99999"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("terminal")
    (made / "bytes").write_bytes(b"\x00\xff\xfe{" * 100)
    (made / "empty").touch()
    (made / "list.json").write_text("[1]")
    (made / "deep.json").write_text("[" * 100_000)
    (made / "folder").mkdir()
    (made / "folder/theirs").write_text("x")
    for number in range(3):
        (made / f"{number}.png").write_bytes(image(60 * number))
    rows = [{"id": str(n), "image": f"{n}.png", "question": "What?", "answers": ["x"]} for n in range(3)]
    (made / "examples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return made


@pytest.mark.parametrize("arguments", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_failure_is_one_line_and_exit_code_2(call: Call, arguments: tuple[str, ...]) -> None:
    code, out, err = call(*arguments)
    assert code == 2, out + err
    assert err.startswith("vqaft: ")
    assert len(err.splitlines()) == 1
    assert len(err) < 5_000


@pytest.mark.skipif(sys.platform == "win32", reason="file names are Unicode there")
def test_a_hostile_file_name_is_escaped_in_an_error(call: Call) -> None:
    code, _, err = call("check", "a\x1b]0;owned\x07\udcff.jsonl")
    assert code == 2
    assert raw(err) == set()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("a\x1b"), "KeyError: "),
        (MemoryError(), "not enough memory"),
        (OSError(28, "No space left on device", "/x"), "/x: No space left on device"),
        (RecursionError("deep"), "RecursionError: deep"),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "odd"), "UnicodeDecodeError"),
        (StateError("two\nlines", path="a\x1b"), "a\\x1b: two\n  lines"),
    ],
)
def test_an_error_that_nobody_expects_is_one_message_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, said: str
) -> None:
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)

    def fail() -> None:
        warnings.warn(HOSTILE, stacklevel=1)
        raise error

    monkeypatch.setattr(warnings, "filters", [])
    with pytest.raises(SystemExit) as exited:
        terminal.run(fail)
    warned, failed = capsys.readouterr().err.rstrip("\n").split("\n", 1)
    assert exited.value.code == 2
    assert warned.startswith("vqaft: warning: ")
    assert said in failed
    assert raw(warned + failed) <= {"\n"}


def test_a_traceback_is_shown_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setenv("VQAFT_TRACEBACK", "1")

    def fail() -> None:
        raise KeyError("a")

    with pytest.raises(KeyError):
        terminal.run(fail)


def test_ctrl_c_and_a_closed_pipe(tmp_path: Path) -> None:
    code = "import sys\nfrom vqaft.cli import terminal\ndef fail(): raise {}\nterminal.run(fail)"
    ends = {
        error: subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", code.format(error)], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        for error in ("KeyboardInterrupt", "BrokenPipeError")
    }
    assert [end.returncode for end in ends.values()] == [130, 2]
    assert [end.stderr for end in ends.values()] == ["vqaft: interrupted\n", ""]


def test_json_for_programs_is_the_same_json_in_ascii(call: Call, folder: Path) -> None:
    row = {"messages": [{"role": "user", "content": f"é{HOSTILE}\U0001f600"}], f"key{HOSTILE}": 1}
    (folder / "bad.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    code, out, _ = call("check", "bad.jsonl", "--format", "json")
    assert code == 1
    assert out.isascii()
    assert raw(out) == set()
    assert json.loads(out) == json.loads(check_file(Path("bad.jsonl")).to_json())
