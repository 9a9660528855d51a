"""One server a folder, in a folder of its own; what no document names goes into its trash."""

from __future__ import annotations

import io
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vqaft.errors import StateError
from vqaft.server import LocalServer, State

DAY_S = 86_400
JOB = "ftjob-" + "1" * 24
OTHER_JOB = "ftjob-" + "2" * 24
LOST_JOB = "ftjob-" + "3" * 24
PARTS = [f"part_{digit}" + digit * 23 for digit in "123"]


def names(folder: Path) -> set[str]:
    parts = ("files", "parts", "models", "trash")
    return {str(path.relative_to(folder)) for part in parts for path in (folder / part).rglob("*")}


def test_a_second_server_is_told_who_has_the_folder(tmp_path: Path) -> None:
    first = State(tmp_path)
    with pytest.raises(StateError, match="in use by process"):
        State(tmp_path)
    first.close()
    first.close()
    State(tmp_path).close()


def test_a_folder_that_cannot_be_opened_is_let_go(tmp_path: Path) -> None:
    State(tmp_path).close()
    database = (tmp_path / "state.sqlite").read_bytes()
    (tmp_path / "state.sqlite").write_bytes(b"no database" * 1000)
    with pytest.raises(StateError, match="not a database"):
        State(tmp_path)
    (tmp_path / "state.sqlite").write_bytes(database)
    State(tmp_path).close()


def test_a_server_of_its_own_process_keeps_others_out_until_it_is_gone(tmp_path: Path) -> None:
    with LocalServer(tmp_path), pytest.raises(StateError, match=r"did not start: .*in use by process"):
        LocalServer(tmp_path).start()
    State(tmp_path).close()


def test_a_kill_lets_go_of_the_folder(tmp_path: Path) -> None:
    code = "import os, sys; from pathlib import Path; from vqaft.server import State\n"
    code += "State(Path(sys.argv[1])); print('open', flush=True); os.kill(os.getpid(), 9)"
    killed = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=False)  # noqa: S603
    assert (killed.stdout, killed.returncode) == ("open\n", -9)
    State(tmp_path).close()


def test_what_no_document_names_goes_into_the_trash(tmp_path: Path) -> None:
    now = 1_000_000_000.0
    state = State(tmp_path, clock=lambda: now)
    kept = state.add_file(io.BytesIO(b"kept"), filename="a", purpose="batch")["id"]
    lost = state.store_file(io.BytesIO(b"bytes that a kill left without a document"))
    upload = {"id": "upload_1", "status": "pending", "expires_at": state.now() + DAY_S * 9}
    state.documents.insert("upload", upload)
    for name, owner in ((PARTS[0], "upload_1"), (PARTS[1], "upload_2")):
        state.store_part(name, io.BytesIO(b"x"))
        state.documents.insert("part", {"id": name, "upload_id": owner}, parent=owner)
    state.store_part(PARTS[2], io.BytesIO(b"x"))
    for folder in (f"{JOB}/step-1", f"{JOB}/step-2", f"{LOST_JOB}/step-1", OTHER_JOB):
        (tmp_path / "models" / folder).mkdir(parents=True)
        (tmp_path / "models" / folder / "weights").write_bytes(b"w")
    for name, folder in (("m", f"{JOB}/step-1"), ("n", OTHER_JOB)):
        state.documents.insert("model", {"id": name, "_folder": folder})
    state.close()
    State(tmp_path, clock=lambda: now).close()
    named = {f"files/{kept}", f"parts/{PARTS[0]}", f"models/{JOB}", f"models/{JOB}/step-1"}
    named |= {f"models/{JOB}/step-1/weights", f"models/{OTHER_JOB}", f"models/{OTHER_JOB}/weights"}
    stamp = str(int(now))
    trash = {f"trash/{stamp}-{name}" for name in (lost, PARTS[2], LOST_JOB, JOB)}
    assert {name for name in names(tmp_path) if name.count("/") == 1 or name.startswith("models")} == {
        *named,
        *trash,
    }
    now += DAY_S - 1
    State(tmp_path, clock=lambda: now).close()
    assert trash <= names(tmp_path)
    now += 1
    State(tmp_path, clock=lambda: now).close()
    assert names(tmp_path) == named


FOREIGN = {
    "a project with folders of the same names": ("files/thesis.docx", "models/checkpoint/weights.bin"),
    "something beside": ("notes.txt",),
    "names like the server's own": (f"files/file-{'a' * 24}",),
    "a database of the same name": ("state.sqlite",),
}


@pytest.mark.parametrize("paths", FOREIGN.values(), ids=FOREIGN)
def test_a_folder_of_somebody_else_is_refused_and_left_as_it_was(tmp_path: Path, paths: tuple[str, ...]) -> None:
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"mine")
    before = sorted(tmp_path.rglob("*"))
    for start in (lambda: State(tmp_path), lambda: LocalServer(tmp_path).start()):
        with pytest.raises(StateError, match="not a vqaft server's"):
            start()
    assert sorted(tmp_path.rglob("*")) == before
    assert {path.read_bytes() for path in before if path.is_file()} == {b"mine"}


def test_what_others_put_into_a_server_s_folder_stays(tmp_path: Path) -> None:
    State(tmp_path).close()
    theirs = ["files/thesis.docx", "models/checkpoint/weights.bin", "parts/bolt.stl", "trash/1-note.txt", "trash/x"]
    theirs += ["notes/a.txt", "files/folder/file.txt", f"files/file-{'A' * 24}", f"models/{JOB}.bak/w"]
    for path in theirs:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"theirs")
    far = 9_000_000_000.0
    State(tmp_path, clock=lambda: far).close()
    State(tmp_path, clock=lambda: 2 * far).close()
    assert {path: (tmp_path / path).read_bytes() for path in theirs} == dict.fromkeys(theirs, b"theirs")


def test_a_link_in_the_trash_removes_nothing_behind_it(tmp_path: Path) -> None:
    State(tmp_path / "server").close()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/a").write_bytes(b"theirs")
    (tmp_path / "server/models" / JOB).symlink_to(tmp_path / "theirs")
    for now in (1e9, 2e9):
        State(tmp_path / "server", clock=lambda now=now: now).close()  # type: ignore[misc]
    assert (tmp_path / "theirs/a").read_bytes() == b"theirs"
    assert names(tmp_path / "server") == set()


def test_files_without_their_database_are_not_taken_for_rubbish(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.add_file(io.BytesIO(b"kept"), filename="a", purpose="batch")
    state.close()
    before = names(tmp_path)
    for lost in ("remove", "empty", "another"):
        database = tmp_path / "state.sqlite"
        if lost == "another":
            State(tmp_path / "another").close()
            (tmp_path / "another/state.sqlite").replace(database)
        else:
            database.unlink(missing_ok=True)
            if lost == "empty":
                database.touch()
        with pytest.raises(StateError, match=r"database is missing|another server"):
            State(tmp_path)
    assert before <= names(tmp_path)


def test_a_server_that_was_killed_at_its_first_start_starts_again(tmp_path: Path) -> None:
    State(tmp_path).close()
    (tmp_path / "state.sqlite").unlink()
    State(tmp_path).close()
    for name in ("vqaft-server.json", "state.sqlite"):
        (tmp_path / name).unlink()
    State(tmp_path).close()


def damaged(folder: Path) -> None:
    database = folder / "state.sqlite"
    content = bytearray(database.read_bytes())
    content[4096:] = b"\xff" * len(content[4096:])
    database.write_bytes(content)


def broken_document(folder: Path) -> None:
    with sqlite3.connect(folder / "state.sqlite") as database:
        database.execute("INSERT INTO documents (kind, id, body) VALUES ('part', 'x', '{')")
    database.close()


def newer(folder: Path) -> None:
    with sqlite3.connect(folder / "state.sqlite") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()


def replaced(name: str, by: str | None) -> Callable[[Path], None]:
    def do(folder: Path) -> None:
        path = folder / name
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
        if by is None:
            path.mkdir()
        else:
            path.write_text(by)

    return do


DAMAGE = {
    "pages": damaged,
    "a document": broken_document,
    "a newer database": newer,
    "a folder as database": replaced("state.sqlite", None),
    "a file as folder of files": replaced("files", "x"),
    "a file as folder of models": replaced("models", "x"),
    "a damaged mark": replaced("vqaft-server.json", "{"),
    "a newer mark": replaced("vqaft-server.json", '{"format": "vqaft server folder", "version": 9, "database": "x"}'),
    "a folder as mark": replaced("vqaft-server.json", None),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_folder_is_an_error_of_one_line(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    state = State(tmp_path)
    state.documents.insert("event", {"id": "1", "text": "x" * 10_000})
    state.close()
    damage(tmp_path)
    with pytest.raises(StateError) as caught:
        State(tmp_path)
    assert len(str(caught.value).splitlines()) == 1
    assert caught.value.path is not None
    assert caught.value.hint


@pytest.mark.parametrize("path", ["file", "file/below", "x" * 300])
def test_a_path_that_cannot_be_a_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StateError, match="cannot be used"):
        State(tmp_path / path)


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX permissions")
def test_only_the_owner_can_read_what_the_server_keeps(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        (tmp_path / "open").mkdir(mode=0o777)
        state = State(tmp_path / "open")
        state.add_file(io.BytesIO(b"patient data"), filename="a", purpose="batch")
        state.store_part(PARTS[0], io.BytesIO(b"x"))
        paths = [tmp_path / "open", *(tmp_path / "open").rglob("*")]
        modes = {str(path): stat.S_IMODE(path.stat().st_mode) & 0o077 for path in paths}
        state.close()
    finally:
        os.umask(old)
    assert set(modes.values()) == {0}, modes


class Breaking(io.BytesIO):
    """Gives some bytes, then fails as a full disk does."""

    def read(self, _: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError(28, "No space left on device")
        return super().read(10)


def test_half_of_a_file_does_not_stay(tmp_path: Path) -> None:
    state = State(tmp_path)
    with pytest.raises(OSError, match="No space left"):
        state.add_file(Breaking(b"x" * 100), filename="a", purpose="batch")
    assert [*(tmp_path / "files").iterdir()] == []
    state.close()
