"""The section "Try it": models asked side by side, and answers taken as rows of a training file."""

from __future__ import annotations

import base64
import io
import json
import os
import re
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from tests.chromium import Browser
from tests.workbench.running import RunningWorkbench
from tests.workbench.test_jobs import wait_for
from vqaft import ChatRecord, check_file
from vqaft.errors import DataError
from vqaft.images import ImageEncoder
from vqaft.workbench.try_it.collection import Collections

SCRIPT = {"vqaft-fragment": "1"}


def png(size: tuple[int, int] = (40, 30)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "teal").save(buffer, "PNG")
    return buffer.getvalue()


def ask(page: httpx.Client, image: bytes | None = None, **fields: str) -> httpx.Response:
    form = {"question": "What is it?", "system": "", "base": "quick", "tuned": "judge", **fields}
    files = {"image": ("it.png", png() if image is None else image)}
    return page.post("/workbench/try", data=form, files=files, headers=SCRIPT)


def take(page: httpx.Client, answered: httpx.Response, **fields: str) -> httpx.Response:
    hidden = {
        name: unescape(value)
        for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', answered.text)
    }
    form: dict[str, Any] = {**hidden, "answer": "a box", "file": "corrections", **fields}
    parts = {name: (None, value) for name, value in form.items()}
    return page.post("/workbench/try/examples", files=parts, headers=SCRIPT)


def test_models_are_asked_side_by_side(page: httpx.Client) -> None:
    text = ask(page).text
    assert [text.index(words) for words in ("quick", "untrained", "judge", ">yes<")] == sorted(
        text.index(words) for words in ("quick", "untrained", "judge", ">yes<")
    )
    assert len(re.findall(r"\d\.\d\d s<", text)) == 2
    assert "<html" not in text


def test_without_a_script_the_whole_page_comes(page: httpx.Client) -> None:
    files = {"image": ("it.png", png())}
    text = page.post("/workbench/try", data={"question": "What is it?", "tuned": "judge"}, files=files).text
    assert "<html" in text
    assert ">yes<" in text
    assert "What is it?</textarea>" in text


def test_a_model_that_cannot_answer_is_no_answer(page: httpx.Client) -> None:
    text = ask(page, base="none").text
    assert "The model &#39;none&#39; does not exist" in text
    assert ">yes<" in text


@pytest.mark.parametrize(
    ("image", "fields", "words"),
    [
        (b"", {}, "there is no image"),
        (b"no image at all", {}, "image"),
        (png()[:60], {}, "image"),
        (b"\x89PNG" + b"x" * 20_000_001, {}, "larger than 20000000 bytes"),
        (None, {"question": " "}, "the question is empty"),
        (None, {"question": "x" * 20_001}, "20,001 characters"),
    ],
)
def test_what_cannot_be_asked_is_said(
    page: httpx.Client, image: bytes | None, fields: dict[str, str], words: str
) -> None:
    answer = ask(page, image, **fields)
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert words in answer.text
    assert "data-problem" in answer.text


def test_a_picture_bomb_is_not_decoded(page: httpx.Client) -> None:
    huge = png()[:16] + (60_000).to_bytes(4, "big") * 2 + png()[24:]
    assert ask(page, huge).status_code == httpx.codes.BAD_REQUEST


def test_an_answer_becomes_a_row_that_can_be_trained_on(
    bench: RunningWorkbench, page: httpx.Client, tmp_path: Path
) -> None:
    for place in range(10):
        answered = ask(page, png((40 + place, 30)), question=f"What is\n{place}?", system="Be short.")
        assert take(page, answered, answer=f"box {place}").status_code == httpx.codes.OK
    content = page.get("/workbench/try/examples/corrections.jsonl").content
    path = tmp_path / "corrections.jsonl"
    path.write_bytes(content)
    assert check_file(path).ok
    row = json.loads(content.splitlines()[3])
    assert [turn["role"] for turn in row["messages"]] == ["system", "user", "assistant"]
    assert row["messages"][1]["content"][0]["text"] == "What is\n3?"
    used = page.post("/workbench/try/examples/corrections", headers=SCRIPT)
    found = re.search(r"file-[0-9a-f]{24}", used.text)
    assert found is not None
    with bench.openai() as client:
        assert client.files.content(found[0]).read() == content


@pytest.mark.parametrize("name", ["../evil", "/etc/x", ".hidden", "a/b", "", "a\x00b", "x" * 65, "ü"])
def test_a_name_never_leads_out_of_the_folder(page: httpx.Client, name: str) -> None:
    answer = take(page, ask(page), file=name)
    assert answer.status_code == httpx.codes.BAD_REQUEST
    with pytest.raises(DataError):
        Collections(Path("state")).path(name)


def test_an_image_from_the_web_is_not_fetched(page: httpx.Client) -> None:
    answer = take(page, ask(page), image_url="http://127.0.0.1:1/x.png")
    assert answer.status_code == httpx.codes.BAD_REQUEST
    assert "nothing is fetched" in answer.text


def test_a_row_that_broke_off_is_cut_away(tmp_path: Path) -> None:
    collections = Collections(tmp_path)
    record = ChatRecord.from_json('{"messages": [{"role": "user", "content": "x"}]}')
    assert collections.append("some", record).rows == 1
    path = collections.path("some")
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"messages": [{"ro')
    assert collections.append("some", record).rows == 2
    assert path.read_bytes() == whole * 2
    assert [each.name for each in collections.all()] == ["some"]


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="needs symbolic links that opening can refuse")
def test_a_link_is_not_followed(tmp_path: Path) -> None:
    collections = Collections(tmp_path)
    (tmp_path / "examples").mkdir()
    collections.path("some").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Exception, match="cannot be written"):
        collections.append("some", ChatRecord.from_json('{"messages": [{"role": "user", "content": "x"}]}'))
    assert not (tmp_path / "elsewhere").exists()


def test_the_newest_tuned_model_is_chosen(page: httpx.Client) -> None:
    text = page.get("/workbench/try", params={"tuned": "judge"}).text
    assert '<option value="judge" selected>' in text
    assert '<option value="quick" selected>' in text


def test_it_works_by_keyboard_alone(signed_in: Browser, bench: RunningWorkbench) -> None:
    signed_in.open(f"{bench.url}/workbench/try?tuned=judge&base=quick")
    data = base64.b64encode(ImageEncoder().encode(png()).data).decode()
    signed_in.run(
        f"""(() => {{ const bytes = Uint8Array.from(atob("{data}"), (sign) => sign.charCodeAt(0));
            const pasted = new DataTransfer(); pasted.items.add(new File([bytes], "it.png", {{type: "image/png"}}));
            document.dispatchEvent(new ClipboardEvent("paste", {{clipboardData: pasted}})); }})()"""
    )
    assert signed_in.run("document.activeElement.id") == "question"
    assert signed_in.run("document.getElementById('preview').alt") == "Chosen image: it.png"
    signed_in.call("Input.insertText", text="What is it?")
    signed_in.press("Enter", control=True)
    wait_for(lambda: signed_in.run("document.querySelectorAll('.said').length") == 2)
    assert signed_in.run("document.getElementById('announcer').textContent").startswith("quick: untrained. judge: yes")
    signed_in.run("document.getElementById('file').value = 'by-key'; document.getElementById('file').focus()")
    signed_in.press("Enter")
    wait_for(lambda: "by-key.jsonl" in signed_in.run("document.getElementById('collections').textContent"))
    assert "1 row now" in signed_in.run("document.getElementById('taken').textContent")
    assert signed_in.complaints == []
