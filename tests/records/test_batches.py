"""Pieces are cut into batches, and none is lost, moved or copied."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vqaft.records.writer import batches

MEBIBYTE = bytes(1024 * 1024)


@given(st.lists(st.integers(0, 6), max_size=30))
def test_the_batches_hold_every_piece_once(sizes: list[int]) -> None:
    pieces = [MEBIBYTE * size for size in sizes]
    found = list(batches(pieces))
    assert [piece for batch in found for piece in batch] == pieces
    assert all(len(batch) == 1 or sum(map(len, batch)) <= 4 * len(MEBIBYTE) for batch in found)


def test_the_pieces_are_read_as_they_are_wanted() -> None:
    pieces = iter([MEBIBYTE * 3, MEBIBYTE * 3, MEBIBYTE * 3])
    next(batches(pieces))
    assert len(list(pieces)) == 1
