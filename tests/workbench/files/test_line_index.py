"""Any line of a file, whatever its lines and blocks are."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqaft.errors import StateError
from vqaft.workbench.files.line_index import LineIndex

CONTENTS = st.lists(st.binary(max_size=12), max_size=12).map(b"\n".join)


def lines_of(content: bytes) -> list[bytes]:
    *ended, rest = content.split(b"\n")
    return [line + b"\n" for line in ended] + ([rest] if rest else [])


@settings(max_examples=60)
@given(content=CONTENTS, block=st.integers(1, 9), first=st.integers(1, 16), count=st.integers(0, 5))
def test_reads_what_stands_there(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, block: int, first: int, count: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "index.jsonl"
    path.write_bytes(content)
    expected = lines_of(content)
    index = LineIndex(path, block_bytes=block)
    found = list(index.read(first, count))
    assert [line.content for line in found] == expected[first - 1 : first - 1 + count]
    assert [line.number for line in found] == list(range(first, first + len(found)))
    assert index.has(first) == (first <= len(expected))
    index.extend()
    assert index.lines == len(expected)


def test_the_index_grows_no_further_than_it_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"ab\n" * 100)
    index = LineIndex(path, block_bytes=30)
    assert next(index.read(1, 1)).content == b"ab\n"
    assert index.indexed_bytes == 0
    assert next(index.read(25, 1)).number == 25
    assert index.indexed_bytes == 90
    assert index.lines is None
    index.extend(blocks=1)
    assert index.indexed_bytes == 120


def test_a_line_that_is_too_long_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 50 + b"\nshort\n" + b"y" * 20)
    first, second, third = LineIndex(path).read(1, 5, max_line_bytes=10)
    assert (first.content, first.size_bytes) == (b"", 51)
    assert second.content == b"short\n"
    assert (third.content, third.size_bytes) == (b"", 20)


def test_a_file_that_is_cut_meanwhile_ends(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"ab\n" * 10)
    index = LineIndex(path, block_bytes=4)
    path.write_bytes(b"ab\n")
    index.extend()
    assert index.lines == 1
    assert list(index.read(3, 1)) == []


def test_a_file_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="cannot be read"):
        LineIndex(tmp_path / "none")
