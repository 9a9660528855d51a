"""A server of a script with the workbench, and links from outside."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.workbench.answered import write_project
from tests.workbench.running import RunningWorkbench
from vqaft.errors import AuthenticationError, DataError, ServiceUnreachableError
from vqaft.server import LocalServer
from vqaft.testing import QuickEngine, ThreadServer
from vqaft.workbench import current_folder, login_url


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalServer]:
    (tmp_path / "project").mkdir()
    write_project(tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    with LocalServer(wrap="vqaft.workbench:here") as running:
        yield running


def test_a_local_server_shows_the_current_folder(server: LocalServer) -> None:
    link = login_url(server.base_url, server.api_key)
    place, _, code = link.partition("/#code=")
    assert server.base_url == f"{place}/v1"
    with httpx.Client(base_url=place, headers={"origin": place}) as client:
        assert client.get("/workbench/reports").status_code == httpx.codes.UNAUTHORIZED
        assert client.post("/workbench/login", data={"code": code}).status_code == httpx.codes.SEE_OTHER
        assert "comparison.json" in client.get("/workbench/reports").text
        assert client.post("/workbench/login", data={"code": code}).status_code == httpx.codes.FORBIDDEN
    models = httpx.get(f"{server.base_url}/models", headers={"authorization": f"Bearer {server.api_key}"})
    assert "embedded-vqa" in models.text
    with pytest.raises(AuthenticationError, match="another key"):
        login_url(server.base_url, "other-key")


def test_who_has_no_workbench_gives_no_link(tmp_path: Path) -> None:
    with ThreadServer(tmp_path, engines={"quick": QuickEngine()}) as server:
        with pytest.raises(ServiceUnreachableError, match="no vqaft server with a workbench"):
            login_url(server.base_url, server.api_key)
        gone = server.base_url
    with pytest.raises(ServiceUnreachableError, match="no server answers"):
        login_url(gone, "key")


def test_a_link_of_the_workbench_itself_is_of_the_same_form(bench: RunningWorkbench) -> None:
    asked, own = login_url(bench.server.base_url, bench.server.api_key), bench.link()
    assert asked.partition("#code=")[0] == own.partition("#code=")[0]


def test_what_cannot_be_wrapped_around_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="is not module:name"):
        LocalServer(wrap="workbench")
    monkeypatch.setenv("VQAFT_SERVER_API_KEY", "key")
    monkeypatch.setattr(sys, "argv", ["vqaft.server", str(tmp_path), "0", "--wrap=vqaft.workbench:nothing"])
    with pytest.raises(SystemExit, match=r"wrap='vqaft\.workbench:nothing' cannot be imported"):
        runpy.run_module("vqaft.server", run_name="__main__")  # as `LocalServer` does in another process


def test_a_whole_home_is_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert current_folder() == tmp_path
    monkeypatch.setenv("HOME", str(tmp_path))
    assert current_folder() is None
