"""One server a folder, and nothing left in it that no document names."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest

from vqaft.errors import StateError
from vqaft.server import LocalServer, State


def names(folder: Path) -> set[str]:
    parts = ("files", "parts", "models")
    return {str(path.relative_to(folder)) for part in parts for path in (folder / part).rglob("*")}


def test_a_second_server_is_told_who_has_the_folder(tmp_path: Path) -> None:
    first = State(tmp_path)
    with pytest.raises(StateError, match="in use by process"):
        State(tmp_path)
    first.close()
    first.close()
    State(tmp_path).close()


def test_a_folder_that_cannot_be_opened_is_let_go(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite").mkdir()
    with pytest.raises(Exception, match="database"):
        State(tmp_path)
    (tmp_path / "state.sqlite").rmdir()
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


def test_what_no_document_names_is_removed_at_the_start(tmp_path: Path) -> None:
    state = State(tmp_path)
    kept = state.add_file(io.BytesIO(b"kept"), filename="a", purpose="batch")["id"]
    lost = state.store_file(io.BytesIO(b"bytes that a kill left without a document"))
    upload = {"id": "upload_1", "status": "pending", "expires_at": state.now() + 100}
    state.documents.insert("upload", upload)
    for name, owner in (("part_1", "upload_1"), ("part_2", "upload_2")):
        state.store_part(name, io.BytesIO(b"x"))
        state.documents.insert("part", {"id": name, "upload_id": owner}, parent=owner)
    state.store_part("part_3", io.BytesIO(b"x"))
    for folder in ("job-1/step-1", "job-1/step-2", "job-2/step-1", "job-3"):
        (tmp_path / "models" / folder).mkdir(parents=True)
        (tmp_path / "models" / folder / "weights").write_bytes(b"w")
    (tmp_path / "models/job-1/weights").write_bytes(b"w")
    for name, folder in (("m", "job-1/step-1"), ("n", "job-3")):
        state.documents.insert("model", {"id": name, "_folder": folder})
    state.close()
    assert f"files/{lost}" in names(tmp_path)
    State(tmp_path).close()
    models = {
        "models/job-1",
        "models/job-1/step-1",
        "models/job-1/step-1/weights",
        "models/job-3",
        "models/job-3/weights",
    }
    assert names(tmp_path) == {f"files/{kept}", "parts/part_1", *models}
