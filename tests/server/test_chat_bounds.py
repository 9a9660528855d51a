"""What a client sends costs the server bounded time and memory, whatever it is."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import struct
import threading
import time
import zlib
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import OpenAI
from PIL import Image

from vqaft.engines import ChatTurn, SimilarityJudge
from vqaft.errors import SchemaError
from vqaft.server import ApiError
from vqaft.server.chat import ChatBody
from vqaft.server.http.requests import parse_body
from vqaft.server.jobs.request import JobBody
from vqaft.server.models import PixelBudget
from vqaft.testing import ThreadServer


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int) -> bytes:
    """A PNG that says it is large; its pixels are missing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")


def saved(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, kind)
    return buffer.getvalue()


def url(data: bytes, mime: str = "image/png") -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 200 200\n%%EndComments\n{ } loop\n%%EOF\n"
REFUSED = {
    "PostScript": url(EPS),
    "a pixel bomb": url(png(13_000, 13_000)),
    "more pixels than any memory": url(png(2**31 - 1, 2**31 - 1)),
    "no pixels": url(png(0, 5)),
    "TIFF": url(saved("TIFF")),
    "BMP": url(saved("BMP")),
    "ICNS": url(saved("ICNS")),
    "PCX": url(saved("PCX")),
    "PPM": url(saved("PPM")),
    "TGA": url(saved("TGA")),
    "SVG": url(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
    "nothing": url(b""),
    "text": "data:image/png,hello",
    "no base64": "data:image/png;base64,%%%",
    "a web address": "http://127.0.0.1/a.png",
    "a path": "/etc/passwd",
    "a file address": "file:///etc/passwd",
    "a cut header": url(saved("PNG")[:20]),
}


@pytest.mark.parametrize("image", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("model", ["quick", "judge"])
def test_an_image_that_no_model_should_see(client: OpenAI, image: str, model: str) -> None:
    parts: Any = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": image}}]
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=model, messages=[{"role": "user", "content": parts}])
    assert caught.value.code == "invalid_image"


@pytest.mark.parametrize("image", REFUSED.values(), ids=REFUSED)
def test_a_training_file_with_such_an_image_is_refused_with_its_line(client: OpenAI, rows: bytes, image: str) -> None:
    parts = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": image}}]
    bad = {"messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": "red"}]}
    file = client.files.create(file=("a.jsonl", rows + json.dumps(bad).encode()), purpose="fine-tune").id
    job = client.fine_tuning.jobs.create(model="quick", training_file=file).id
    end = time.monotonic() + 20
    while (found := client.fine_tuning.jobs.retrieve(job)).status != "failed" and time.monotonic() < end:
        time.sleep(0.01)
    assert found.error is not None
    assert found.error.code == "invalid_training_file"
    assert found.error.message.startswith("Line 13: ")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_what_chat_models_accept_is_answered(client: OpenAI, kind: str) -> None:
    parts: Any = [{"type": "image_url", "image_url": {"url": url(saved(kind))}}]
    assert client.chat.completions.create(model="quick", messages=[{"role": "user", "content": parts}]).choices


def test_too_much_text_and_too_many_images(client: OpenAI) -> None:
    images = [{"type": "image_url", "image_url": {"url": url(saved("PNG"))}}] * 65
    for content in ("a" * 1_000_001, images):
        messages: Any = [{"role": "user", "content": content}]
        with pytest.raises(openai.BadRequestError):
            client.chat.completions.create(model="quick", messages=messages)


def test_a_body_that_is_no_form_is_bounded(running: ThreadServer) -> None:
    for kind in ("application/json", "multipart/form-data; boundary=b"):
        headers = {"Authorization": f"Bearer {running.api_key}", "Content-Type": kind}
        answer = httpx.post(f"{running.base_url}/chat/completions", headers=headers, content=b" " * 64_000_001)
        assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE


TREE = {"type": "object", "properties": {"l": {"$ref": "#"}, "r": {"$ref": "#"}}, "required": ["l", "r"]}
UNBOUNDED: dict[str, Any] = {
    "a tree of itself": TREE,
    "a list of itself": {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]},
    "a reference to itself": {"$ref": "#"},
    "two that refer to each other": {
        "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
        "$ref": "#/$defs/a",
    },
    "all of itself": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
    "any of itself": {"anyOf": [{"$ref": "#"}]},
    "items without end": {"type": "array", "items": {"type": "integer"}, "minItems": 10**12},
    "items of items": {
        "type": "array",
        "minItems": 99,
        "items": {"type": "array", "minItems": 99, "items": {"$ref": "#"}},
    },
    "a text without end": {"type": "string", "minLength": 10**15},
    "many long texts": {"type": "array", "minItems": 5000, "items": {"type": "string", "minLength": 1000}},
    "properties that are a list": {"type": "object", "properties": [1]},
    "required that is a number": {"type": "object", "required": 5},
    "a length that is a word": {"type": "string", "minLength": "x"},
    "a negative length": {"type": "string", "minLength": -5},
    "a limit beyond numbers": {"type": "integer", "minimum": 1e308},
    "an integer that JSON writers refuse": {"const": 10**30},
    "type of a number": {"type": 7},
    "items that are a number": {"type": "array", "items": 5, "minItems": 1},
}


@pytest.mark.parametrize("schema", UNBOUNDED.values(), ids=UNBOUNDED)
def test_a_schema_without_bounds_is_refused_at_once(schema: dict[str, Any]) -> None:
    began = time.monotonic()
    with pytest.raises(SchemaError):
        SimilarityJudge().answer(turn("What?", schema))
    assert time.monotonic() - began < 5


def test_such_a_schema_is_the_client_s_fault(tmp_path: Path) -> None:
    form: Any = {"type": "json_schema", "json_schema": {"name": "x", "schema": TREE}}
    messages: Any = [{"role": "user", "content": "What?"}]
    with (
        ThreadServer(tmp_path, engines={}, judges={"judge": SimilarityJudge()}) as server,
        OpenAI(base_url=server.base_url, api_key=server.api_key, max_retries=0) as client,
        pytest.raises(openai.BadRequestError) as caught,
    ):
        client.chat.completions.create(model="judge", messages=messages, response_format=form)
    assert caught.value.code == "invalid_json_schema"


RECURSIVE: dict[str, Any] = {
    "a tree that may end": {
        "type": "object",
        "properties": {"value": {"type": "string"}, "left": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
        "required": ["value", "left"],
    },
    "optional parts of itself": {"type": "object", "properties": {"value": {"type": "string"}, "child": {"$ref": "#"}}},
    "an array of itself": {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}},
}


@pytest.mark.parametrize("schema", RECURSIVE.values(), ids=RECURSIVE)
def test_a_recursive_schema_that_can_end_is_answered(schema: dict[str, Any]) -> None:
    answer = SimilarityJudge().answer(turn("What?", schema))
    assert isinstance(json.loads(answer.text), dict)


def turn(text: str, schema: dict[str, Any] | None = None) -> ChatTurn:
    body: dict[str, Any] = {"model": "judge", "messages": [{"role": "user", "content": text}]}
    if schema is not None:
        body["response_format"] = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    return ChatBody.model_validate(body).turn()


SLOW = {
    "objects that are never closed": '{"a":' * 100_000,
    "brackets": '{"a":' + "[" * 200_000,
    "braces": "{" * 500_000,
    "a number of many digits": '{"reference": 1' + "0" * 100_000 + "}",
    "long answers": json.dumps({"reference": "ab" * 200_000, "candidate": "ba" * 200_000}),
}


@pytest.mark.parametrize("text", SLOW.values(), ids=SLOW)
def test_the_judge_reads_any_text_in_bounded_time(text: str) -> None:
    began = time.monotonic()
    SimilarityJudge().answer(turn(text))
    assert time.monotonic() - began < 10


def test_a_cut_answer_is_found_quickly() -> None:
    schema = {"type": "string", "minLength": 900_000}
    body = {"model": "judge", "messages": [{"role": "user", "content": "What?"}], "max_tokens": 100_000}
    body["response_format"] = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    began = time.monotonic()
    answer = SimilarityJudge().answer(ChatBody.model_validate(body).turn())
    assert time.monotonic() - began < 5
    assert answer.finish_reason == "length"


KEYWORDS = st.sampled_from(
    [
        "type",
        "properties",
        "required",
        "items",
        "enum",
        "const",
        "anyOf",
        "oneOf",
        "allOf",
        "$ref",
        "minItems",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "minLength",
        "maxLength",
        "string",
        "object",
        "array",
        "integer",
        "#",
        "a",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(KEYWORDS, JSON | st.sampled_from(["#", "string", "object", "array", "integer"]), max_size=5))
@settings(max_examples=300, deadline=None)
def test_any_schema_is_answered_or_refused(schema: dict[str, Any]) -> None:
    with contextlib.suppress(SchemaError):
        json.loads(SimilarityJudge().answer(turn("What?", schema)).text)


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@settings(max_examples=300, deadline=None)
def test_any_body_is_parsed_or_refused(content: bytes) -> None:
    for kind in (ChatBody, JobBody):
        with contextlib.suppress(ApiError):
            parse_body(content, kind)


def test_large_images_are_answered_one_after_the_other_and_small_ones_together() -> None:
    budget, together, most = PixelBudget(100), 0, 0
    changed = threading.Condition()

    def use(pixels: int) -> None:
        nonlocal together, most
        with budget.reserved(pixels):
            with changed:
                together += pixels
                most = max(most, together)
                changed.notify_all()
            with changed:
                together -= pixels

    threads = [threading.Thread(target=use, args=(pixels,)) for pixels in [60, 60, 10, 10, 0, 500, 100] * 9]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    assert most == 500
