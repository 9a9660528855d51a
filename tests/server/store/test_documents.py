"""Steps that are made whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from vqaft.server.store.documents import Documents


@pytest.fixture
def documents(tmp_path: Path) -> Iterator[Documents]:
    made = Documents(tmp_path / "state.sqlite")
    made.insert("job", {"id": "a", "status": "running"})
    yield made
    made.close()


def test_a_step_that_breaks_leaves_nothing(documents: Documents) -> None:
    with pytest.raises(KeyError):
        break_in_a_step(documents)
    assert documents.get("model", "m") is None
    assert documents.get("job", "a") == {"id": "a", "status": "running"}


def break_in_a_step(documents: Documents) -> None:
    with documents.transaction():
        documents.insert("model", {"id": "m"})
        with documents.transaction():
            documents.change("job", "a", lambda old: {**old, "status": "succeeded"})
        raise KeyError


def test_no_thread_sees_half_a_step(documents: Documents) -> None:
    seen = []
    other = threading.Thread(target=lambda: seen.append(documents.get("model", "m")))
    with documents.transaction():
        documents.insert("model", {"id": "m"})
        other.start()
        assert not seen
        documents.delete("model", "m")
    other.join()
    assert seen == [None]
