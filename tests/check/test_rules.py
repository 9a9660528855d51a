"""Every rule finds what it is for, and nothing in a sound file."""

from __future__ import annotations

import base64
import copy
import dataclasses
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vqaft.check import RULES, Problem, check_file, check_files, fix_file
from vqaft.check.rule import FileRule, ImageRule, PairRule, RowRule
from vqaft.cost import estimate_cost
from vqaft.errors import DataError
from vqaft.providers import AZURE, FIREWORKS, OPENAI, TOGETHER, ProviderLimits

Row = dict[str, Any]


def file_of(
    seed: int = 0, *, kind: str = "JPEG", mode: str = "RGB", size: tuple[int, int] = (64, 48), **saved: Any
) -> bytes:
    blobs = np.random.default_rng(seed).integers(0, 255, (5, 6, 3), dtype=np.uint8)
    picture = Image.fromarray(blobs).resize(size, Image.Resampling.BICUBIC).convert(mode)
    stream = io.BytesIO()
    picture.save(stream, kind, **saved)
    return stream.getvalue()


def blank(size: tuple[int, int]) -> bytes:
    stream = io.BytesIO()
    Image.new("1", size).save(stream, "PNG")
    return stream.getvalue()


def url_of(data: bytes, media_type: str = "image/jpeg") -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def user(text: str, url: str) -> Row:
    return {
        "role": "user",
        "content": [{"type": "text", "text": text}, {"type": "image_url", "image_url": {"url": url}}],
    }


def assistant(text: Any, **more: Any) -> Row:
    return {"role": "assistant", "content": text, **more}


URLS = [url_of(file_of(seed)) for seed in range(14)]
WORDS = ("red", "green", "blue", "seven", "cat")


def row(number: int = 0) -> Row:
    messages = [user(f"What is it, {number}?", URLS[number]), assistant(WORDS[number % len(WORDS)])]
    return {"messages": [{"role": "system", "content": "Answer in a word."}, *messages]}


def rows(count: int = 12) -> list[Row]:
    return [row(number) for number in range(count)]


def changed(change: Callable[[Row], Any]) -> list[bytes]:
    """A sound file whose third row was changed."""
    made = copy.deepcopy(rows())
    replaced = change(made[2])
    made[2] = replaced if isinstance(replaced, dict) else made[2]
    return [json.dumps(item).encode() for item in made]


def line(content: bytes) -> list[bytes]:
    made = [json.dumps(item).encode() for item in rows()]
    made[2] = content
    return made


def image(url: str) -> list[bytes]:
    return changed(lambda r: r["messages"][1]["content"][1]["image_url"].update(url=url))


def answer(text: Any) -> list[bytes]:
    return changed(lambda r: r["messages"][2].update(content=text))


def message(number: int, **values: Any) -> list[bytes]:
    return changed(lambda r: r["messages"][number].update(values))


def messages(value: Any) -> list[bytes]:
    return changed(lambda r: r.update(messages=value))


def part(value: Any) -> list[bytes]:
    return changed(lambda r: r["messages"][1]["content"].append(value))


def without(number: int, key: str) -> list[bytes]:
    return changed(lambda r: r["messages"][number].pop(key) and None)


def added(*more: Row) -> list[bytes]:
    return [json.dumps(item).encode() for item in [*rows(), *more]]


def preference(**values: Any) -> list[bytes]:
    better, worse = [assistant("a")], [assistant("b")]
    asked = {"messages": [{"role": "user", "content": "Which?"}]}
    sides = {"input": asked, "preferred_completion": better, "non_preferred_completion": worse, **values}
    return changed(lambda _: sides)


HEADER = json.dumps(row(2)).encode()
TOOL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TURNED = Image.Exif()
TURNED[0x0112] = 6
SHOWN = user("What is it, 2?", URLS[2])

ROW_CASES: dict[str, list[bytes]] = {
    "line.blank": line(b"  "),
    "line.byte-order-mark": line(b"\xef\xbb\xbf" + HEADER),
    "line.not-utf8": line(HEADER.replace(b"blue", b"bl\xfce")),
    "line.not-json": line(HEADER[:-2]),
    "line.not-an-object": line(b'["messages"]'),
    "line.duplicate-key": line(HEADER.replace(b'"role": "user"', b'"role": "user", "role": "user"')),
    "line.not-a-number": line(HEADER[:-1] + b', "x": NaN}'),
    "line.huge-number": line(HEADER[:-1] + b', "x": ' + b"9" * 5000 + b"}"),
    "line.too-deep": line(b'{"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "structure.no-messages": changed(lambda _: {"text": "hello"}),
    "structure.other-format": changed(lambda _: {"prompt": "a", "completion": "b"}),
    "structure.messages-type": messages("hello"),
    "structure.messages-empty": messages([]),
    "structure.unknown-key": changed(lambda r: r.update(id="row 3")),
    "structure.message-type": changed(lambda r: r["messages"].append("hello")),
    "structure.message-key": message(1, image="x.jpg"),
    "structure.role-missing": without(1, "role"),
    "structure.role-unknown": message(1, role="human"),
    "structure.content-missing": answer(None),
    "structure.content-type": answer(42),
    "structure.content-empty": message(1, content=[]),
    "structure.part-type": part("hello"),
    "structure.part-unknown": part({"type": "image", "image": "x.jpg"}),
    "structure.part-key": part({"type": "text", "text": "a", "id": 1}),
    "structure.text-type": part({"type": "text", "text": 7}),
    "structure.image-url-missing": part({"type": "image_url", "image_url": {"detail": "low"}}),
    "structure.image-url-type": part({"type": "image_url", "image_url": URLS[13]}),
    "structure.image-url-key": part({"type": "image_url", "image_url": {"url": URLS[13], "alt": "a"}}),
    "structure.detail": part({"type": "image_url", "image_url": {"url": URLS[13], "detail": "ultra"}}),
    "extras.weight-value": message(2, weight=0.5),
    "extras.weight-place": message(1, weight=1),
    "extras.nothing-trained": message(2, weight=0),
    "extras.name": message(1, name="two words"),
    "structure.strings-beside-lists": answer("9.00"),
    "extras.tools": changed(lambda r: r.update(tools=[{"name": "f"}])),
    "extras.tool-calls": message(2, tool_calls=[{"function": {}}]),
    "extras.tool-without-call": changed(
        lambda r: r["messages"].insert(2, {"role": "tool", "content": "x", "tool_call_id": "1"})
    ),
    "extras.parallel-tool-calls": changed(lambda r: r.update(parallel_tool_calls="no")),
    "extras.preference-side": preference(preferred_completion=[]),
    "extras.preference-equal": preference(preferred_completion=[assistant("b")]),
    "extras.preference-image": preference(input={"messages": [SHOWN]}),
    "roles.no-user": changed(lambda r: r["messages"].pop(1) and None),
    "roles.no-assistant": changed(lambda r: r["messages"].pop(2) and None),
    "roles.last-not-assistant": changed(lambda r: r["messages"].append({"role": "user", "content": "And?"})),
    "roles.system-late": changed(lambda r: r["messages"].append(r["messages"].pop(0))),
    "roles.several-systems": changed(lambda r: r["messages"].insert(0, {"role": "developer", "content": "Hi."})),
    "roles.assistant-first": changed(lambda r: r["messages"].insert(1, assistant("Hello."))),
    "roles.answers-in-a-row": changed(lambda r: r["messages"].append(assistant("More."))),
    "roles.questions-in-a-row": changed(lambda r: r["messages"].insert(1, {"role": "user", "content": "Look."})),
    "images.not-base64": image("data:image/jpeg;base64,%%%%"),
    "images.not-declared-base64": image(URLS[2].replace(";base64", "")),
    "images.empty": image("data:image/jpeg;base64,"),
    "images.unknown": image(url_of(b"<!DOCTYPE html><p>404</p>")),
    "images.format": image(url_of(file_of(kind="GIF"), "image/gif")),
    "images.mislabelled": image(URLS[2].replace("image/jpeg", "image/png")),
    "images.truncated": image(url_of(file_of(2)[:-200])),
    "images.no-size": image(url_of(b"\xff\xd8\xff\xd9", "image/jpeg")),
    "images.too-large": image(url_of(file_of(2) + b"\0" * 10_000_000)),
    "images.mode": image(url_of(file_of(2, mode="CMYK"))),
    "images.animated": image(
        url_of(file_of(kind="PNG", save_all=True, append_images=[Image.new("RGB", (64, 48))]), "image/png")
    ),
    "images.turned": image(url_of(file_of(2, exif=TURNED))),
    "images.metadata": image(url_of(file_of(2, comment=b"made by me"))),
    "images.too-many-pixels": image(url_of(blank((9000, 6000)), "image/png")),
    "images.wasteful": image(url_of(file_of(kind="PNG", mode="L", size=(2000, 2000)), "image/png")),
    "images.tiny": image(url_of(file_of(size=(8, 8)))),
    "images.narrow": image(url_of(file_of(size=(800, 20)))),
    "images.outside-user": message(2, content=[{"type": "image_url", "image_url": {"url": URLS[13]}}]),
    "images.too-many": changed(
        lambda r: r["messages"][1]["content"].extend({"type": "image_url", "image_url": {"url": u}} for u in URLS)
    ),
    "images.shown-twice": part({"type": "image_url", "image_url": {"url": URLS[2]}}),
    "urls.file": image("file:///home/me/x.jpg"),
    "urls.scheme": image("images/x.jpg"),
    "urls.private": image("https://192.168.1.7/x.jpg"),
    "urls.plain-http": image("http://example.com/x.jpg"),
    "urls.credentials": image("https://example.com/x.jpg?X-Amz-Signature=abc"),
    "urls.malformed": image("https://example.com/a photo.jpg"),
    "text.empty-answer": answer("  "),
    "text.empty": part({"type": "text", "text": ""}),
    "text.no-question": changed(lambda r: r["messages"][1]["content"].pop(0) and None),
    "text.edges": answer(" blue"),
    "text.placeholder": answer("N/A"),
    "text.special-token": answer("blue <|fim_suffix|>"),
    "text.image-tag": answer("the <image> is blue"),
    "text.reserved-word": answer("User: blue"),
    "text.unfilled": answer("{answer}"),
    "text.control-character": answer("bl\x00ue"),
    "text.invisible": answer("bl\u200bue"),
    "text.mojibake": answer("blÃ¼ue"),
    "text.not-composed": answer("cafe\u0301"),
    "text.surrogate": answer("\ud800"),
    "text.pasted-data": answer(URLS[2]),
    "text.long-answer": answer("blue and " * 400),
    "text.answer-in-context": changed(
        lambda r: r["messages"].__setitem__(slice(1, 1), [copy.deepcopy(SHOWN), assistant("blue")])
    ),
    "rows.duplicate": added(row(2)),
    "rows.contradiction": added({"messages": [row(2)["messages"][0], SHOWN, assistant("yellow")]}),
    "rows.asked-again": added({"messages": [SHOWN, assistant("Blue")]}),
    "rows.context-image": added(
        {"messages": [SHOWN, assistant("blue"), user("And this?", URLS[12]), assistant("red")]}
    ),
    "rows.one-answer": [
        json.dumps({"messages": [user(f"{n}?", URLS[n % 14]), assistant("no")]}).encode() for n in range(21)
    ],
    "rows.spelling": answer("Red"),
    "rows.several-systems": message(0, content="Answer at length."),
    "rows.mixed-kinds": preference(),
    "file.no-rows": [],
    "file.too-few-rows": [json.dumps(item).encode() for item in rows(9)],
    "file.rows-without-image": message(1, content="What?"),
}

LIMIT_CASES: dict[str, tuple[list[bytes], ProviderLimits]] = {
    "structure.text-form": ([json.dumps(item).encode() for item in rows()], TOGETHER),
    "text.too-many-tokens": (answer("blue " * 800), dataclasses.replace(OPENAI, max_row_tokens=1000)),
    "urls.web-refused": (image("https://example.com/x.jpg"), TOGETHER),
    "images.format": (image(url_of(file_of(kind="WEBP"), "image/webp")), FIREWORKS),
    "file.too-many-rows": (added(), dataclasses.replace(FIREWORKS, max_rows=11)),
    "file.too-many-image-rows": (added(), dataclasses.replace(OPENAI, max_image_rows=11)),
    "file.too-large": (added(), dataclasses.replace(OPENAI, max_file_bytes=1000)),
    "file.needs-parts": (added(), dataclasses.replace(AZURE, max_direct_bytes=1000)),
}

FILE_CASES: dict[str, tuple[str, bytes]] = {
    "file.name": ("train.json", b"\n".join(added()) + b"\n"),
    "file.carriage-returns": ("train.jsonl", b"\r\n".join(added()) + b"\r\n"),
    "file.unended": ("train.jsonl", b"\n".join(added())),
    "file.packed": ("train.jsonl", b"\x1f\x8b\x08\x00"),
    "file.table": ("train.csv", b"image,question,answer\na.png,What?,red\n"),
    "file.one-array": ("train.jsonl", b"[" + b",\n".join(added()) + b"]\n"),
}

PAIR_CASES: dict[str, tuple[list[bytes], list[bytes]]] = {
    "files.same-row": (added(), added()[:1]),
    "files.same-image": (added(), [json.dumps({"messages": [user("Else?", URLS[3]), assistant("red")]}).encode()]),
    "files.context-image": (
        added({"messages": [user("a", URLS[12]), assistant("red"), user("b", URLS[0]), assistant("red")]}),
        [json.dumps(row(12)).encode()],
    ),
    "files.unseen-answers": (added(), [json.dumps({"messages": [user("a", URLS[13]), assistant("violet")]}).encode()]),
    "files.other-system": (added(), [json.dumps({"messages": [user("a", URLS[13]), assistant("red")]}).encode()]),
    "files.larger": (added()[:2], added()[2:]),
    "files.near-image": (
        added(),
        [json.dumps({"messages": [user("a", url_of(file_of(2, quality=60))), assistant("red")]}).encode()],
    ),
}
TESTED_ELSEWHERE = {"line.too-long"}


def found(lines: list[bytes], folder: Path, limits: ProviderLimits = OPENAI) -> tuple[Problem, ...]:
    path = folder / "train.jsonl"
    path.write_bytes(b"".join(item + b"\n" for item in lines))
    return check_file(path, limits=limits).problems


def test_pixels_are_wasted_by_the_detail_of_their_own_row(tmp_path: Path) -> None:
    url = url_of(file_of(2, size=(1024, 1024)))
    lines = []
    for detail in ("high", "low", None):
        shown = {"type": "image_url", "image_url": {"url": url, "detail": detail} if detail else {"url": url}}
        lines.append(json.dumps({"messages": [{"role": "user", "content": [shown]}, assistant("a")]}).encode())
    wasted = [problem for problem in found(lines, tmp_path) if problem.code == "images.wasteful"]
    assert [(problem.line, problem.message) for problem in wasted] == [
        (2, "1024 × 1024 pixels, of which 512 × 512 are looked at")
    ]
    assert not [problem for problem in found(lines, tmp_path, TOGETHER) if problem.code == "images.wasteful"]


@pytest.mark.parametrize("limits", [OPENAI, AZURE, TOGETHER, FIREWORKS], ids=lambda limits: limits.name)
def test_nothing_is_found_in_a_sound_file(tmp_path: Path, limits: ProviderLimits) -> None:
    lines = added()
    if limits is TOGETHER:  # which takes no string beside lists of parts
        (tmp_path / "strings.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        fix_file(tmp_path / "strings.jsonl", tmp_path / "parts.jsonl", parts=True)
        lines = (tmp_path / "parts.jsonl").read_bytes().splitlines()
    assert found(lines, tmp_path, limits) == ()


@pytest.mark.parametrize("code", ROW_CASES)
def test_each_kind_is_found(code: str, tmp_path: Path) -> None:
    problems = [problem for problem in found(ROW_CASES[code], tmp_path) if problem.code == code]
    assert problems
    if not code.startswith(("rows.", "file.")):
        assert [problem.line for problem in problems] == [3] * len(problems)


@pytest.mark.parametrize("code", LIMIT_CASES)
def test_each_limit_is_checked(code: str, tmp_path: Path) -> None:
    lines, limits = LIMIT_CASES[code]
    assert code in {problem.code for problem in found(lines, tmp_path, limits)}


@pytest.mark.parametrize("code", FILE_CASES)
def test_each_kind_of_file_is_found(code: str, tmp_path: Path) -> None:
    name, content = FILE_CASES[code]
    (tmp_path / name).write_bytes(content)
    assert code in check_file(tmp_path / name).counts


@pytest.mark.parametrize("code", PAIR_CASES)
def test_what_files_share_is_found(code: str, tmp_path: Path) -> None:
    paths = {"train": tmp_path / "train.jsonl", "test": tmp_path / "test.jsonl"}
    for path, lines in zip(paths.values(), PAIR_CASES[code], strict=True):
        path.write_bytes(b"".join(item + b"\n" for item in lines))
    assert code in check_files(paths, near_images=True).counts


def test_every_rule_has_a_case() -> None:
    cases = ROW_CASES.keys() | LIMIT_CASES.keys() | FILE_CASES.keys() | PAIR_CASES.keys() | TESTED_ELSEWHERE
    codes = [rule.code for rule in RULES]
    assert len(codes) == len(set(codes)) >= 60
    assert set(codes) == cases


def test_every_rule_says_what_to_do() -> None:
    for rule in RULES:
        assert isinstance(rule, RowRule | ImageRule | FileRule | PairRule)
        assert rule.remedy.endswith(".")


BAD_ROWS: dict[str, list[bytes]] = {
    "no messages key": ROW_CASES["structure.no-messages"],
    "messages empty": ROW_CASES["structure.messages-empty"],
    "bad role": ROW_CASES["structure.role-unknown"],
    "detail ultra": ROW_CASES["structure.detail"],
    "weight a half": ROW_CASES["extras.weight-value"],
    "image in assistant": ROW_CASES["images.outside-user"],
    "image without url": ROW_CASES["structure.image-url-missing"],
    "no assistant turn": ROW_CASES["roles.no-assistant"],
    "empty answer": ROW_CASES["text.empty-answer"],
    "null answer": ROW_CASES["structure.content-missing"],
    "eleven images": ROW_CASES["images.too-many"],
    "GIF": ROW_CASES["images.format"],
    "garbage base64": ROW_CASES["images.not-base64"],
    "file URL": ROW_CASES["urls.file"],
    "special token": ROW_CASES["text.special-token"],
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_the_fifteen_bad_rows_are_errors(name: str, tmp_path: Path) -> None:
    assert [problem.line for problem in found(BAD_ROWS[name], tmp_path) if problem.severity == "error"].count(3)


CALL = {"id": "c1", "type": "function", "function": {"name": "zoom", "arguments": '{"x": 1}'}}
TOOL = {"type": "function", "function": {"name": "zoom", "parameters": {"type": "object"}}}


def with_tools(number: int, call: Row | None = None, **said: Any) -> bytes:
    """A row whose assistant calls a tool before it answers."""
    calls = {"role": "assistant", "content": None, "tool_calls": [CALL if call is None else call]}
    result = {"role": "tool", "tool_call_id": "c1", "content": "a crop", **said}
    answers = assistant(WORDS[number % len(WORDS)])
    messages = [user(f"What is it, {number}?", URLS[number]), calls, result, answers]
    return json.dumps({"messages": messages, "tools": [TOOL]}).encode()


def test_valid_rows_with_tools_are_accepted(tmp_path: Path) -> None:
    problems = found([with_tools(number) for number in range(12)], tmp_path)
    assert not [problem for problem in problems if problem.severity == "error"]


@pytest.mark.parametrize(("result", "changes"), [("42", False), ("9.00", True), ('{"x": 1}', True)])
def test_a_result_of_a_tool_may_spell_a_value_that_prints_the_same(
    result: str, tmp_path: Path, *, changes: bool
) -> None:
    problems = found([with_tools(0, content=result), *map(with_tools, range(1, 12))], tmp_path)
    assert any(problem.code == "structure.strings-beside-lists" for problem in problems) is changes


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (with_tools(0, {**CALL, "function": {"name": "zoom", "arguments": {"x": 1}}}), "extras.tool-calls"),
        (with_tools(0, {**CALL, "function": {"name": "zoom"}}), "extras.tool-calls"),
        (with_tools(0, tool_call_id="other"), "extras.tool-without-call"),
        (with_tools(0, content=user("?", URLS[1])["content"]), "images.outside-user"),
    ],
)
def test_wrong_rows_with_tools_are_refused(row: bytes, code: str, tmp_path: Path) -> None:
    lines = [row, *(with_tools(number) for number in range(1, 12))]
    errors = {problem.code for problem in found(lines, tmp_path) if problem.severity == "error"}
    assert errors == {code}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        ({"id": "1", "image": "a.png", "question": "?", "answers": []}, "examples, not training rows"),
        ({"example_id": "1", "answer": "x"}, "predictions"),
        ({"contents": []}, "in Gemini's format"),
        ({"custom_id": "1", "body": {}}, "batch requests"),
    ],
)
def test_files_that_are_no_training_files_are_named_once(row: Row, kind: str, tmp_path: Path) -> None:
    [problem] = [one for one in found([json.dumps(row).encode()] * 50, tmp_path) if one.severity == "error"]
    assert (problem.code, problem.message) == ("structure.other-format", f"50 rows are {kind}")
    with pytest.raises(DataError, match=kind):
        estimate_cost(tmp_path / "train.jsonl")


def test_an_answer_that_is_not_trained_contradicts_nothing(tmp_path: Path) -> None:
    more = [user("Sure?", URLS[12]), assistant("no")]
    wrong = {"messages": [user("What is it?", URLS[13]), assistant("dog", weight=0), *more]}
    right = {"messages": [user("What is it?", URLS[13]), assistant("cat")]}
    problems = found([json.dumps(item).encode() for item in (*rows(), wrong, right)], tmp_path)
    assert "rows.contradiction" not in {problem.code for problem in problems}
