"""Rows go to a file and come back, byte for byte."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pydantic
import pytest
import xxhash

from tests.records.pictures import example
from vqaft.chat import AssistantMessage, ChatRecord, PreferenceRecord, UserMessage, read_jsonl, read_lines
from vqaft.errors import DataError, RecordError
from vqaft.providers import OPENAI
from vqaft.records import Manifest, MessageBuilder, write_jsonl, write_shards

OLD_FILE = (
    b'{ "messages" : [{"role":"user","content":"\\u00e9 \\/ \xe2\x80\xa8"},'
    b'{"role":"assistant","content":null,"tool_calls":[{"id":"1","x":null}],"weight":1}], "tools":[{"d":null}]}\n'
    b'{"messages":[{"content":"Hi","role":"user","name":"bob"},{"role":"assistant","content":"Ho"}],"parallel_tool_calls":true}\r\n'
    b'{"messages":[{"role":"function","name":"f","content":null},{"role":"tool","content":"x","tool_call_id":"1"}]}\n'
)


def test_an_old_file_comes_back_byte_for_byte(tmp_path: Path) -> None:
    old, new = tmp_path / "old.jsonl", tmp_path / "new.jsonl"
    old.write_bytes(OLD_FILE)
    write_jsonl(new, read_jsonl(old))
    assert new.read_bytes() == OLD_FILE


@pytest.mark.parametrize("line", OLD_FILE.splitlines())
def test_a_row_says_the_same_when_its_bytes_are_forgotten(line: bytes) -> None:
    row = ChatRecord.from_json(line)
    assert json.loads(row.model_dump_json()) == json.loads(line)
    assert ChatRecord.from_json(row.model_dump_json()) == row


def test_a_changed_row_is_rendered_anew() -> None:
    row = ChatRecord.from_json(OLD_FILE.split(b"\n")[1])
    changed = row.model_copy(update={"messages": (UserMessage(content="a"), AssistantMessage(content="b"))})
    assert b'"content":"a"' in changed.to_json()
    assert row.model_copy().to_json() == row.to_json()
    assert row != changed


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"messages": [], "metadata": {}}, "metadata"),
        ({"messages": [{"role": "user", "content": "a", "colour": 1}]}, "colour"),
        ({"messages": [{"role": "assistant", "content": "a", "weight": 0.5}]}, "weight"),
        ({"messages": [{"role": "assistant", "content": "a", "weight": True}]}, "weight"),
        ({"messages": [{"role": "human", "content": "a"}]}, "human"),
        ({"messages": [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "a"}}]}]}, "content"),
        ({}, "messages"),
    ],
)
def test_what_is_not_known_is_an_error_that_names_it(row: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes(OLD_FILE + json.dumps(row).encode() + b"\n")
    with pytest.raises(RecordError, match=said) as caught:
        list(read_jsonl(path))
    assert (caught.value.path, caught.value.line) == (str(path), 4)


def test_preference_rows_are_read(tmp_path: Path) -> None:
    row = {
        "input": {"messages": [{"role": "user", "content": "?"}]},
        "preferred_output": [{"role": "assistant", "content": "a"}],
        "non_preferred_output": [{"role": "assistant", "content": "b"}],
    }
    path = tmp_path / "preferences.jsonl"
    path.write_text(json.dumps(row) + "\n")
    (read,) = read_jsonl(path, row=PreferenceRecord)
    assert read.input.messages == (UserMessage(content="?"),)
    assert json.loads(read.to_json()) == row
    with pytest.raises(RecordError):
        list(read_jsonl(path))


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    written = []
    for name in ("a", "b"):
        builder = MessageBuilder(system="s", few_shot=[example(50)])
        folder = tmp_path / name
        written.append(
            write_jsonl(folder / "t.jsonl", builder.records(map(example, range(9))), builder=builder, sha256=True)
        )
    first, second = written
    assert first.path.read_bytes() == second.path.read_bytes()
    assert Path(Manifest.path_for(first.path)).read_bytes() == Path(Manifest.path_for(second.path)).read_bytes()
    content = first.path.read_bytes()
    assert first.sha256 == hashlib.sha256(content).hexdigest()
    assert first.xxh3_128 == xxhash.xxh3_128_hexdigest(content)
    assert Manifest.read(first.path).xxh3_128 == first.xxh3_128
    fast = write_jsonl(first.path, builder.records(map(example, range(9))), builder=builder)
    assert (fast.xxh3_128, fast.sha256) == (first.xxh3_128, None)
    assert Manifest.read(first.path).sha256 is None


def test_the_manifest_joins_rows_to_examples(tmp_path: Path) -> None:
    builder = MessageBuilder(system="s", detail="low", few_shot=[example(50)])
    path = tmp_path / "train.jsonl"
    write_jsonl(path, builder.records(map(example, range(3))), builder=builder, limits=OPENAI)
    manifest = Manifest.read(path)
    assert manifest.example_ids == (("e0",), ("e1",), ("e2",))
    assert (manifest.rows, manifest.size_bytes) == (3, path.stat().st_size)
    assert manifest.settings["encoder"]["quality"] == 85
    assert manifest.settings["few_shot"] == ["e50"]
    assert manifest.provider == "OpenAI, 2026-11-23"
    Path(Manifest.path_for(path)).write_bytes(b"{}")
    with pytest.raises(DataError, match="manifest"):
        Manifest.read(path)


def test_without_a_manifest_nothing_else_is_written(tmp_path: Path) -> None:
    written = write_jsonl(tmp_path / "t.jsonl", MessageBuilder().records([example(1)]), manifest=False)
    assert (written.xxh3_128, written.sha256) == (None, None)
    assert [path.name for path in tmp_path.iterdir()] == ["t.jsonl"]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"before")
    rows = MessageBuilder().records([example(1), example(2, image=b"no image")], max_workers=1)
    with pytest.raises(DataError):
        write_jsonl(path, rows)
    assert path.read_bytes() == b"before"
    assert [found.name for found in tmp_path.iterdir()] == ["t.jsonl"]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"before")
    code = """
import resource, sys
from vqaft.chat import ChatRecord, UserMessage
from vqaft.errors import StateError
from vqaft.records import write_jsonl
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
rows = (ChatRecord(messages=(UserMessage(content="x" * 100_000),)) for _ in range(200))
try:
    write_jsonl(sys.argv[1], rows)
except StateError as error:
    print(error.message)
"""
    run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)  # noqa: S603
    assert run.stdout == "cannot be written: the file may not grow further\n"
    assert path.read_bytes() == b"before"
    assert [found.name for found in tmp_path.iterdir()] == ["t.jsonl"]


def test_shards_keep_order_and_limits(tmp_path: Path) -> None:
    rows = list(MessageBuilder().records(map(example, range(10))))
    size = max(len(row.to_json()) + 1 for row in rows)
    by_rows = write_shards(tmp_path / "r.jsonl", rows, limits=OPENAI, max_rows=4)
    assert [(shard.path.name, shard.rows) for shard in by_rows] == [
        ("r-00001.jsonl", 4),
        ("r-00002.jsonl", 4),
        ("r-00003.jsonl", 2),
    ]
    by_bytes = write_shards(tmp_path / "b.jsonl", rows, limits=OPENAI, max_bytes=3 * size)
    assert all(shard.size_bytes <= 3 * size for shard in by_bytes)
    for shards in (by_rows, by_bytes):
        assert [row for shard in shards for row in read_jsonl(shard.path)] == rows
    assert Manifest.read(by_rows[1].path).example_ids[0] == ("e4",)
    assert len(write_shards(tmp_path / "one.jsonl", rows, limits=OPENAI)) == 1
    assert write_shards(tmp_path / "none.jsonl", [], limits=OPENAI) == ()
    with pytest.raises(RecordError, match="line 1: the row alone"):
        write_shards(tmp_path / "small.jsonl", rows, limits=dataclasses.replace(OPENAI, max_direct_bytes=10))


def test_lines_end_at_the_newline_byte_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_bytes("a\u2028b\u2029\x85\r\n\nlast".encode())
    assert [line for _, line in read_lines(path)] == ["a\u2028b\u2029\x85\r\n".encode(), b"\n", b"last"]
    with pytest.raises(RecordError, match="line is longer than 4 bytes"):
        list(read_lines(path, max_line_bytes=4))
    with pytest.raises(DataError, match="cannot be read"):
        list(read_lines(tmp_path / "missing.jsonl"))


def test_a_shorter_run_leaves_no_shard_of_a_longer_one(tmp_path: Path) -> None:
    rows = list(MessageBuilder().records(map(example, range(6))))
    path = tmp_path / "train.jsonl"
    for other in ("train-extra.jsonl", "train-3.jsonl", "train-00003.txt", "other-00003.jsonl"):
        (tmp_path / other).write_bytes(b"somebody's own")
    before = {found.name for found in tmp_path.iterdir()}
    assert len(write_shards(path, rows, limits=OPENAI, max_rows=1)) == 6
    assert len(write_shards(path, rows, limits=OPENAI, max_rows=3)) == 2
    shards = {f"train-0000{number}.jsonl{end}" for number in (1, 2) for end in ("", ".manifest.json")}
    assert {found.name for found in tmp_path.iterdir()} == before | shards | {".vqaft-trash"}
    moved = {found.name.partition("-")[2] for found in (tmp_path / ".vqaft-trash").iterdir()}
    assert moved == {f"train-0000{number}.jsonl{end}" for number in range(3, 7) for end in ("", ".manifest.json")}
    own = tmp_path / "train-00003.jsonl"
    own.write_bytes(b"somebody's own")
    with pytest.raises(DataError, match="no manifest"):
        write_shards(path, rows, limits=OPENAI, max_rows=3)
    assert own.read_bytes() == b"somebody's own"


def test_json_that_is_no_row_is_refused() -> None:
    for line in (b"[" * 100_000, b'{"messages": [NaN]}', b"", b"\xff"):
        with pytest.raises(pydantic.ValidationError):
            ChatRecord.from_json(line)
