"""A content is sent once, in one piece or in parts, whatever happens on the way."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import Any

import pytest

from vqaft.errors import AuthenticationError, DataError, ServiceError, ServiceUnreachableError
from vqaft.service import Ledger, MultipartPolicy, RetryPolicy, fingerprint
from vqaft.tuning import FineTuneClient

PARTS = MultipartPolicy(above_bytes=10, part_bytes=10, max_workers=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "train.jsonl"
    path.write_bytes(b'{"messages": []}\n' * 3)
    return path


@pytest.fixture
def client(service: Any, retry: RetryPolicy, tmp_path: Path) -> FineTuneClient:
    return FineTuneClient(service, ledger=tmp_path / "ledger.jsonl", retry=retry, progress=False)


@pytest.fixture
def parting(service: Any, retry: RetryPolicy, tmp_path: Path, file: Path) -> FineTuneClient:
    service.name_of_next = fingerprint(file).remote_name
    return FineTuneClient(service, ledger=tmp_path / "ledger.jsonl", retry=retry, sizes=PARTS, progress=False)


def test_the_same_content_is_sent_once(service: Any, client: FineTuneClient, file: Path) -> None:
    first = client.upload(file)
    renamed = file.rename(file.with_name("other.jsonl"))
    assert client.upload(renamed) == first
    assert service.calls["upload_file"] == 1
    renamed.write_bytes(b"changed\n")
    assert client.upload(renamed).id != first.id


@pytest.mark.parametrize("spoil", ["gone", "cut", "error"])
def test_a_file_that_the_service_lost_is_sent_again(
    service: Any, client: FineTuneClient, file: Path, spoil: str
) -> None:
    first = client.upload(file)
    remote, content = service.files[first.id]
    if spoil == "gone":
        del service.files[first.id]
    else:
        values = {**remote.__dict__, **({"size_bytes": 3} if spoil == "cut" else {"status": "error"})}
        service.files[first.id] = (type(remote)(**values), content)
    client.upload(file)
    assert service.calls["upload_file"] == 2


def test_a_lost_answer_leaves_one_file(service: Any, client: FineTuneClient, file: Path, lost: ServiceError) -> None:
    service.faults["upload_file"] = deque([lost])
    assert client.upload(file).id == "file-0"
    assert len(service.files) == 1


def test_another_account_has_its_own_files(service: Any, client: FineTuneClient, file: Path) -> None:
    client.upload(file)
    service.account = "http://elsewhere/v1#me"
    client.upload(file)
    assert service.calls["upload_file"] == 2


@pytest.mark.parametrize("content", [None, b""])
def test_no_file_or_an_empty_one_is_an_error(
    service: Any, client: FineTuneClient, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "none.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match="no such file, or it is empty"):
        client.upload(path)
    assert not service.calls


@pytest.mark.parametrize("change", ["grow", "swap", "remove"])
def test_a_file_that_changes_on_the_way_is_noticed(
    service: Any, client: FineTuneClient, file: Path, change: str
) -> None:
    original = service.upload_file

    def upload(path: Path, **settings: Any) -> Any:
        remote = original(path, **settings)
        if change == "grow":
            path.write_bytes(path.read_bytes() + b"more\n")
        elif change == "swap":  # for one of the same size and time
            other, before = path.with_name("other"), path.stat()
            other.write_bytes(path.read_bytes()[::-1])
            os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
            other.replace(path)
        else:
            path.unlink()
        return remote

    service.upload_file = upload
    with pytest.raises(DataError, match="while it was uploaded"):
        client.upload(file)
    assert Ledger(file.with_name("ledger.jsonl")).last("upload") is None


def test_a_large_file_goes_in_parts(service: Any, parting: FineTuneClient, file: Path) -> None:
    remote = parting.upload(file)
    assert service.files[remote.id][1] == file.read_bytes()
    assert service.calls["upload_part"] == 6
    assert service.calls["upload_file"] == 0


def test_parts_that_arrived_are_not_sent_again(service: Any, parting: FineTuneClient, file: Path) -> None:
    service.faults["upload_part"] = deque([None, None, AuthenticationError("key withdrawn")])
    with pytest.raises(AuthenticationError):
        parting.upload(file)
    remote = parting.upload(file)
    assert service.files[remote.id][1] == file.read_bytes()
    assert service.calls["upload_part"] == 3 + 4
    assert service.calls["start_upload"] == 1


def test_an_upload_that_is_gone_is_started_anew(service: Any, parting: FineTuneClient, file: Path) -> None:
    service.faults["upload_part"] = deque([None, None, AuthenticationError("key withdrawn")])
    with pytest.raises(AuthenticationError):
        parting.upload(file)
    service.uploads.clear()
    remote = parting.upload(file)
    assert service.files[remote.id][1] == file.read_bytes()
    assert service.cancelled == ["upload-0"]


def test_after_its_hour_an_upload_is_cancelled_and_started_anew(
    service: Any, file: Path, retry: RetryPolicy, tmp_path: Path
) -> None:
    service.name_of_next = fingerprint(file).remote_name
    sizes = MultipartPolicy(above_bytes=10, part_bytes=10, max_workers=1, lifetime_s=1e-9)
    client = FineTuneClient(service, ledger=tmp_path / "ledger.jsonl", retry=retry, sizes=sizes, progress=False)
    service.faults["upload_part"] = deque([None, AuthenticationError("key withdrawn")])
    with pytest.raises(AuthenticationError):
        client.upload(file)
    client.upload(file)
    assert service.cancelled == ["upload-0"]
    assert service.calls["upload_part"] == 2 + 6


def test_parts_are_retried_alone(service: Any, parting: FineTuneClient, file: Path) -> None:
    service.faults["upload_part"] = deque([None, ServiceUnreachableError("reset"), None])
    parting.upload(file)
    assert service.calls["upload_part"] == 7


def test_a_lost_answer_to_joining_leaves_one_file(
    service: Any, parting: FineTuneClient, file: Path, lost: ServiceError
) -> None:
    service.faults["complete_upload"] = deque([lost])
    parting.upload(file)
    assert len(service.files) == 1
    assert service.calls["upload_part"] == 6


def test_a_file_that_was_swapped_is_never_found_by_its_name_again(
    service: Any, client: FineTuneClient, file: Path
) -> None:
    wanted, original = file.read_bytes(), service.upload_file

    def upload(path: Path, **settings: Any) -> Any:
        path.write_bytes(wanted[::-1])
        return original(path, **settings)

    service.upload_file = upload
    with pytest.raises(DataError, match="changed while it was uploaded"):
        client.upload(file)
    service.upload_file = original
    file.write_bytes(wanted)
    assert service.files[client.upload(file).id][1] == wanted


def test_a_file_that_was_only_touched_is_not_refused(service: Any, client: FineTuneClient, file: Path) -> None:
    original = service.upload_file

    def upload(path: Path, **settings: Any) -> Any:
        os.utime(path, ns=(1, 1))
        return original(path, **settings)

    service.upload_file = upload
    assert client.upload(file).id


@pytest.mark.parametrize("name", ['a"b.jsonl', "a\nb.jsonl", "日本.jsonl", "b\udcff.jsonl", "x" * 200 + ".jsonl"])
def test_any_file_name_is_found_again_after_a_lost_answer(
    service: Any, client: FineTuneClient, file: Path, lost: ServiceError, name: str
) -> None:
    odd = file.with_name(name)
    odd.write_bytes(file.read_bytes())
    service.faults["upload_file"] = deque([lost])
    assert client.upload(odd).filename.isascii()
    assert len(service.files) == 1
