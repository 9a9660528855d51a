"""Large files in parts: whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import openai
import pytest
from openai import OpenAI

from vqaft.server import State
from vqaft.testing import QuickEngine, ThreadServer

CONTENT = bytes(range(256)) * 41


class Clock:
    """A clock that a test can turn on."""

    def __init__(self) -> None:
        self.seconds = 1_000_000_000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def timed(tmp_path: Path, clock: Clock) -> Iterator[OpenAI]:
    with (
        ThreadServer(tmp_path, engines={"quick": QuickEngine()}, clock=clock) as server,
        OpenAI(base_url=server.base_url, api_key=server.api_key, max_retries=0) as client,
    ):
        yield client


def begin(client: OpenAI, size: int = len(CONTENT)) -> str:
    return client.uploads.create(filename="a.jsonl", bytes=size, mime_type="text/jsonl", purpose="fine-tune").id


def parts(client: OpenAI, upload: str) -> list[str]:
    half = len(CONTENT) // 2
    return [client.uploads.parts.create(upload, data=data).id for data in (CONTENT[:half], CONTENT[half:])]


def test_the_parts_become_the_file(client: OpenAI) -> None:
    upload = begin(client)
    digest = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    done = client.uploads.complete(upload, part_ids=parts(client, upload), md5=digest)
    assert done.status == "completed"
    assert done.file is not None
    assert client.files.content(done.file.id).read() == CONTENT
    assert done.file.purpose == "fine-tune"


def test_the_order_is_the_one_given_at_the_end(client: OpenAI) -> None:
    upload = begin(client)
    second, first = parts(client, upload)
    done = client.uploads.complete(upload, part_ids=[first, second])
    assert done.file is not None
    half = len(CONTENT) // 2
    assert client.files.content(done.file.id).read() == CONTENT[half:] + CONTENT[:half]


def test_the_sdk_s_own_helper(client: OpenAI) -> None:
    done = client.uploads.upload_file_chunked(
        file=CONTENT, filename="a.jsonl", bytes=len(CONTENT), mime_type="text/jsonl", purpose="fine-tune", part_size=999
    )
    assert done.file is not None
    assert client.files.content(done.file.id).read() == CONTENT


def test_refuses_what_does_not_add_up(client: OpenAI) -> None:
    upload = begin(client, len(CONTENT) + 1)
    names = parts(client, upload)
    for wrong in (names, names[:1], [*names, names[0]], ["part_none"]):
        with pytest.raises(openai.BadRequestError) as caught:
            client.uploads.complete(upload, part_ids=wrong)
        assert caught.value.param == "part_ids"


def test_refuses_another_checksum_and_stays_open(client: OpenAI) -> None:
    upload = begin(client)
    names = parts(client, upload)
    with pytest.raises(openai.BadRequestError) as caught:
        client.uploads.complete(upload, part_ids=names, md5="0" * 32)
    assert caught.value.code == "checksum_mismatch"
    assert client.uploads.complete(upload, part_ids=names).status == "completed"


def test_a_cancelled_upload_takes_nothing_more(client: OpenAI) -> None:
    upload = begin(client)
    assert client.uploads.cancel(upload).status == "cancelled"
    with pytest.raises(openai.BadRequestError, match="cancelled"):
        client.uploads.parts.create(upload, data=CONTENT)


def test_an_upload_expires_after_an_hour(timed: OpenAI, clock: Clock) -> None:
    upload = begin(timed)
    names = parts(timed, upload)
    clock.seconds += 3599
    timed.uploads.parts.create(upload, data=b"x")
    clock.seconds += 1
    with pytest.raises(openai.BadRequestError, match="expired"):
        timed.uploads.complete(upload, part_ids=names)


def test_there_is_no_such_upload(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.uploads.cancel("upload_none")


def test_what_has_ended_leaves_no_part_behind(timed: OpenAI, clock: Clock, tmp_path: Path) -> None:
    expired, cancelled, completed = (begin(timed) for _ in range(3))
    names = [parts(timed, upload) for upload in (expired, cancelled, completed)]
    assert len(list((tmp_path / "parts").iterdir())) == 6
    timed.uploads.cancel(cancelled)
    timed.uploads.complete(completed, part_ids=names[2])
    assert len(list((tmp_path / "parts").iterdir())) == 2
    clock.seconds += 3600
    begin(timed)
    assert not list((tmp_path / "parts").iterdir())


def test_a_part_that_comes_in_as_its_upload_ends_is_refused(
    timed: OpenAI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload, store = begin(timed), State.store_part

    def store_slowly(self: State, name: str, content: IO[bytes]) -> int:
        stored = store(self, name, content)
        timed.uploads.cancel(upload)
        return stored

    monkeypatch.setattr(State, "store_part", store_slowly)
    with pytest.raises(openai.BadRequestError, match="cancelled"):
        timed.uploads.parts.create(upload, data=CONTENT)
    assert not list((tmp_path / "parts").iterdir())


@pytest.mark.parametrize("rival", ["complete", "cancel"])
def test_one_of_two_who_end_an_upload_at_once_wins(
    rival: str, timed: OpenAI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload, store = begin(timed), State.store_file
    names = parts(timed, upload)

    def store_slowly(self: State, content: IO[bytes]) -> str:
        monkeypatch.setattr(State, "store_file", store)
        stored = store(self, content)
        if rival == "cancel":
            timed.uploads.cancel(upload)
        else:
            timed.uploads.complete(upload, part_ids=names)
        return stored

    monkeypatch.setattr(State, "store_file", store_slowly)
    with pytest.raises(openai.BadRequestError, match=rival):
        timed.uploads.complete(upload, part_ids=names)
    wanted = 0 if rival == "cancel" else 1
    assert len(list(timed.files.list())) == len(list((tmp_path / "files").iterdir())) == wanted


def test_of_many_who_complete_an_upload_one_makes_the_file(timed: OpenAI, tmp_path: Path) -> None:
    upload = begin(timed)
    names = parts(timed, upload)

    def complete(_: int) -> str:
        try:
            return timed.uploads.complete(upload, part_ids=names).status
        except openai.BadRequestError:
            return "refused"

    with ThreadPoolExecutor(6) as pool:
        found = sorted(pool.map(complete, range(6)))
    assert found == ["completed", *["refused"] * 5]
    assert len(list((tmp_path / "files").iterdir())) == 1
