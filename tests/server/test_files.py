"""Files come back byte for byte, in the shapes that the SDK checks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import openai
import pytest
from openai import OpenAI

from vqaft.testing import ThreadServer

CONTENT = bytes(range(256)) * 10


def upload(client: OpenAI, content: bytes = CONTENT, name: str = "a.jsonl") -> str:
    return client.files.create(file=(name, content), purpose="fine-tune").id


def test_round_trip(client: OpenAI) -> None:
    made = client.files.create(file=("träin.jsonl", CONTENT), purpose="fine-tune")
    assert (made.bytes, made.filename, made.purpose) == (len(CONTENT), "träin.jsonl", "fine-tune")
    assert client.files.retrieve(made.id) == made
    assert client.files.content(made.id).read() == CONTENT
    assert client.files.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.files.content(made.id)


def test_pages_go_through_all_files_newest_first(client: OpenAI) -> None:
    names = [upload(client) for _ in range(5)]
    seen = [file.id for file in client.files.list(limit=2)]
    assert [name for name in seen if name in names] == names[::-1]
    assert len(seen) == len(set(seen))


def test_pages_in_the_other_order(client: OpenAI) -> None:
    names = [upload(client) for _ in range(3)]
    assert [file.id for file in client.files.list(order="asc", limit=2) if file.id in names] == names


def test_listing_by_purpose(client: OpenAI) -> None:
    batch = client.files.create(file=("b.jsonl", b"{}"), purpose="batch").id
    other = upload(client)
    seen = [file.id for file in client.files.list(purpose="batch")]
    assert batch in seen
    assert other not in seen


def test_pages_by_purpose_are_full(client: OpenAI) -> None:
    wanted = [upload(client) for _ in range(3)]
    for _ in range(4):
        client.files.create(file=("b.jsonl", b"{}"), purpose="batch")
    page = client.files.list(purpose="fine-tune", limit=2)
    assert [file.id for file in page.data] == wanted[:0:-1]
    assert page.has_more
    assert page.get_next_page().data[0].id == wanted[0]


def test_an_empty_file(client: OpenAI) -> None:
    assert client.files.content(upload(client, b"")).read() == b""


def test_a_hostile_name_is_only_a_name(client: OpenAI) -> None:
    made = client.files.create(file=("../../etc/passwd", CONTENT), purpose="fine-tune")
    assert made.filename.endswith("passwd")
    assert client.files.content(made.id).read() == CONTENT


@pytest.mark.parametrize("purpose", ["", "nonsense"])
def test_an_unknown_purpose(client: OpenAI, purpose: str) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.files.create(file=("a.jsonl", CONTENT), purpose=purpose)  # type: ignore[arg-type]
    assert caught.value.param == "purpose"


@pytest.mark.parametrize("limit", [0, -1, 10_001])
def test_a_wrong_limit(client: OpenAI, limit: int) -> None:
    with pytest.raises(openai.BadRequestError):
        client.files.list(limit=limit)


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-16", "idna", "punycode", "zlib", "utf-7", '"rot13"'])
@pytest.mark.parametrize("path", ["/files", "/uploads/upload_1/parts"])
def test_a_form_of_another_charset_is_refused(running: ThreadServer, charset: str, path: str) -> None:
    kind = {"Content-Type": f"multipart/form-data; boundary=b; charset={charset}"}
    body = form_of({"purpose": b"fine-tune\\ud800"}, filename=b"\\ud800")
    answer = httpx.post(running.base_url + path, headers={**kind, **key(running)}, content=body)
    assert answer.status_code in {400, 404}
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize("name", [b"\xff\xfe", b"a\x00b", b"\xed\xa0\x80", "\u202e\x1b".encode(), b"x" * 5000])
def test_an_odd_file_name_is_only_a_name(running: ThreadServer, name: bytes) -> None:
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    body = form_of({"purpose": b"fine-tune"}, filename=name)
    answer = httpx.post(f"{running.base_url}/files", headers={**kind, **key(running)}, content=body)
    assert answer.status_code in {200, 400}
    answer.json()


def test_more_than_one_file_is_refused(running: ThreadServer) -> None:
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    body = form_of({"purpose": b"fine-tune"}, filename=b"a", files=2)
    answer = httpx.post(f"{running.base_url}/files", headers={**kind, **key(running)}, content=body)
    assert answer.status_code == httpx.codes.BAD_REQUEST


def test_a_file_whose_content_was_removed_by_hand(tmp_path: Path, make_server: Callable[[Path], ThreadServer]) -> None:
    with make_server(tmp_path) as server, OpenAI(base_url=server.base_url, api_key=server.api_key) as client:
        name = upload(client)
        (tmp_path / "files" / name).unlink()
        with pytest.raises(openai.NotFoundError, match="gone from the server's folder"):
            client.files.content(name)


def key(running: ThreadServer) -> dict[str, str]:
    return {"Authorization": f"Bearer {running.api_key}"}


def form_of(fields: dict[str, bytes], *, filename: bytes, files: int = 1) -> bytes:
    parts = [
        b'--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name.encode(), value)
        for name, value in fields.items()
    ]
    parts += [b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\nx\r\n' % filename] * files
    return b"".join([*parts, b"--b--\r\n"])


def test_going_on_after_nothing(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError):
        client.files.list(after="file-none")
