"""A server in a thread has what it opens for the length of its block."""

from __future__ import annotations

import gc
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from vqaft.errors import StateError
from vqaft.server import Served
from vqaft.testing import QuickEngine, ThreadServer


def test_one_that_is_never_started_opens_nothing(tmp_path: Path) -> None:
    server = ThreadServer(tmp_path / "state", engines={"quick": QuickEngine()})
    assert not (tmp_path / "state").exists()
    with pytest.raises(StateError, match="not running"):
        _ = server.base_url


def test_starts_again(tmp_path: Path) -> None:
    server = ThreadServer(tmp_path, engines={"quick": QuickEngine()})
    for _ in range(2):
        with server:
            answer = httpx.get(server.base_url + "/models", headers={"Authorization": f"Bearer {server.api_key}"})
            assert [model["id"] for model in answer.json()["data"]] == ["quick"]


def test_a_start_that_breaks_closes_what_was_opened(tmp_path: Path) -> None:
    def breaks(_: Served) -> ASGIApp:
        raise RuntimeError("not today")

    with pytest.raises(RuntimeError, match="not today"):
        ThreadServer(tmp_path, engines={}, wrap=breaks).__enter__()
    gc.collect()  # a socket that was left open would be warned of here, and warnings are errors
    with ThreadServer(tmp_path, engines={}) as server:
        assert httpx.get(server.base_url.replace("/v1", "/health")).status_code == 200
