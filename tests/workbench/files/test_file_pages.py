"""The pages of the files, at a real server and in a real browser."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.chromium import Browser
from tests.workbench.axe import violations
from tests.workbench.running import RunningWorkbench, chat_rows
from vqaft.images import EncodedImage
from vqaft.testing import QuickEngine

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">"\'&\u202e'


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "train.jsonl").write_bytes(chat_rows(["yes"] * 30) + chat_rows(["no"], color="blue"))
    messages = [
        {"role": HOSTILE, "content": HOSTILE},
        {"role": "system", "content": HOSTILE},
        {"role": "user", "content": [HOSTILE, {"image_url": {"url": f"https://evil.example/{HOSTILE}"}}]},
        {"role": "user", "content": [{"image_url": {"url": f"data:{HOSTILE};base64,AAAA"}}]},
        {"role": "assistant", "content": HOSTILE, "tool_calls": [HOSTILE]},
    ]
    rows = [{"messages": messages}, {"messages": [], HOSTILE: HOSTILE}, HOSTILE]
    name = "<b>\u202e&.jsonl"
    (folder / name).write_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in rows) + HOSTILE.encode())
    return folder


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[RunningWorkbench]:
    with RunningWorkbench.started(
        tmp_path_factory.mktemp("bench"), engines={"quick": QuickEngine()}, project=project
    ) as running:
        yield running


@pytest.fixture
def address(page: httpx.Client) -> Callable[[str], str]:
    def find(words: str) -> str:
        listed = page.get("/workbench/files").text
        (found,) = re.findall(rf'<a href="(/workbench/files/folder/[^"]+)"><strong>{re.escape(words)}', listed)
        return str(found)

    return find


@pytest.fixture
def train(address: Callable[[str], str]) -> str:
    return address("train.jsonl")


def test_files_of_folder_and_server_are_listed(bench: RunningWorkbench, page: httpx.Client) -> None:
    stored = bench.upload(chat_rows(["a"]), filename="up.jsonl")
    listed = page.get("/workbench/files").text
    assert f'href="/workbench/files/server/{stored}"' in listed
    assert "train.jsonl" in listed
    assert page.get(f"/workbench/files/server/{stored}").text.count("<article") == 1


def test_rows_are_paged_and_jumped_to(page: httpx.Client, train: str) -> None:
    first = page.get(train).text
    assert first.count("<article") == 12
    assert "Lines 1 to 12 of 31" in first
    assert f'rel="next" href="{train}?line=13"' in first
    assert 'rel="prev"' not in first
    jump = page.get(train, params={"line": 30})
    assert jump.headers["location"] == f"{train}?line=25#line-30"
    last = page.get(train, params={"line": 25}).text
    assert last.count("<article") == 7
    assert 'rel="next"' not in last
    assert "ends before line" in page.get(train, params={"line": 37}).text
    for odd in ("0", "-3", "x", "9" * 40):
        assert page.get(train, params={"line": odd}, follow_redirects=True).status_code == httpx.codes.OK


def test_an_image_is_sent_as_pixels_alone(page: httpx.Client, tmp_path: Path, bench: RunningWorkbench) -> None:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "where it was taken"
    Image.new("RGB", (900, 600), "green").save(buffer, "JPEG", exif=exif)
    url = EncodedImage(data=buffer.getvalue(), mime="image/jpeg", width=900, height=600).data_url
    row = {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]}
    place = f"/workbench/files/server/{bench.upload(json.dumps(row).encode())}/images/1"
    small, large = page.get(f"{place}/0"), page.get(f"{place}/0?size=large")
    assert small.headers["content-type"] == "image/webp"
    for answer, side in ((small, 320), (large, 900)):
        assert b"where it was taken" not in answer.content
        with Image.open(io.BytesIO(answer.content)) as image:
            assert (max(image.size), dict(image.getexif())) == (side, {})
    tag = {"if-none-match": small.headers["etag"]}
    assert page.get(f"{place}/0", headers=tag).status_code == httpx.codes.NOT_MODIFIED
    assert page.get(f"{place}/1").status_code == httpx.codes.NOT_FOUND


def test_what_is_no_image_is_not_decoded(page: httpx.Client, address: Callable[[str], str]) -> None:
    place = address("&lt;b&gt;")
    assert page.get(f"{place}/images/1/0").status_code == httpx.codes.NOT_FOUND  # elsewhere, and not fetched
    assert page.get(f"{place}/images/1/1").status_code == httpx.codes.UNSUPPORTED_MEDIA_TYPE
    assert page.get(f"{place}/images/99/0").status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize("place", ["folder/none", "server/none", "other/none", "server/%2e%2e", "folder/%2e%2e%2fx"])
def test_nothing_else_is_opened(page: httpx.Client, place: str) -> None:
    for tail in ("", "/check", "/answers/live", "/cost", "/images/1/0", "/same/1/0"):
        assert page.get(f"/workbench/files/{place}{tail}").status_code == httpx.codes.NOT_FOUND


def finished(page: httpx.Client, address: str) -> str:
    """Return a report's live part, once it is there; the page's script asks again in the same way."""
    for _ in range(600):
        found = page.get(address).text
        if 'data-next="30"' in found:
            return found
    raise AssertionError(found)


def test_reports_are_made_in_the_background(page: httpx.Client, train: str) -> None:
    assert "Limits of" in page.get(f"{train}/check").text
    assert "errors" in finished(page, f"{train}/check/live")
    assert "Together" in finished(page, f"{train}/check/live?provider=together") + page.get(f"{train}/check").text
    answers = finished(page, f"{train}/answers/live")
    assert re.findall(r"<td>(\w+)</td>", answers) == ["yes", "no"]
    assert "96.8 %" in answers
    assert "epochs" in finished(page, f"{train}/cost/live?epochs=2&model=none")


def test_a_finding_leads_to_its_line(page: httpx.Client, address: Callable[[str], str]) -> None:
    place = address("&lt;b&gt;")
    assert f'href="{place}?line=1#line-4"' in finished(page, f"{place}/check/live")


def test_the_other_rows_of_an_image(page: httpx.Client, train: str) -> None:
    finished(page, f"{train}/answers/live")
    assert page.get(f"{train}/same/31/0").text.count("<article") == 1
    assert "24 or more rows show" in page.get(f"{train}/same/1/0").text
    assert "24 or more other rows" in page.get(train).text
    assert page.get(f"{train}/same/1/1").status_code == httpx.codes.NOT_FOUND


def test_hostile_files_are_text(signed_in: Browser, bench: RunningWorkbench, address: Callable[[str], str]) -> None:
    place = address("&lt;b&gt;")
    for tail in ("", "/check", "/answers", "/same/1/1"):
        signed_in.open(f"{bench.url}{place}{tail}", width=360, height=740)
        assert signed_in.run("document.querySelectorAll('main script, main img').length") == 0
        assert signed_in.run("document.documentElement.scrollWidth <= 360")
        assert violations(signed_in) == [], tail
        assert signed_in.complaints == []
        assert all(request.startswith(bench.url) for request in signed_in.requests)


def test_a_check_appears_by_itself(signed_in: Browser, bench: RunningWorkbench, train: str) -> None:
    signed_in.open(f"{bench.url}{train}/check?provider=azure")
    signed_in.run(
        "new Promise(done => { const look = () => document.querySelector('.rule') ? done() : setTimeout(look, 50);"
        " look(); })"
    )
    signed_in.open(f"{bench.url}{train}?line=25#line-30")
    assert signed_in.run("document.querySelector(':target').textContent").strip().startswith("Line 30")
    assert signed_in.run("[...document.images].every(image => image.src.startsWith(location.origin))")
    assert signed_in.complaints == []
