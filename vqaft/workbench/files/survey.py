"""One pass over a training file: how often each answer occurs, and which rows show the same image."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vqaft.chat import exchanges_of, read_cut_lines
from vqaft.check import CheckedRow, checked_row
from vqaft.workbench.files.line_index import MAX_LINE_BYTES

MAX_ANSWERS = 100_000
"""Different answers that are counted one by one; of others only their number is kept."""
MAX_ANSWER_CHARACTERS = 200
"""Longer answers are counted by their beginning."""
MAX_IMAGES = 2_000_000
"""Images that are remembered, at 16 bytes each."""
_MASK = (1 << 64) - 1


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What one pass over a file gave.

    Attributes:
        rows: Rows with messages.
        answers: How often each trained answer occurs, the most frequent first.
        uncounted: Answers beyond the number of different ones that is kept.
        different_images: How many different images the file shows.
        shown_images: How many images its rows show, all together.
        keys: The images that were remembered, sorted.
        lines: The line of each image in `keys`.
        images_are_cut: Whether the file has more images than are remembered.
    """

    rows: int
    answers: tuple[tuple[str, int], ...] = field(repr=False)
    uncounted: int
    different_images: int
    shown_images: int
    keys: NDArray[np.uint64] = field(repr=False)
    lines: NDArray[np.uint64] = field(repr=False)
    images_are_cut: bool = False

    @property
    def answers_counted(self) -> int:
        """How many answers there are, all together."""
        return sum(count for _, count in self.answers) + self.uncounted

    def lines_with(self, image: Hashable, *, most: int = 50) -> tuple[int, ...]:
        """Return the lines that show an image, in order.

        Args:
            image: The image's key, as `CheckedImage` has it.
            most: The most lines to return.
        """
        place = short_key(image)
        begin, end = (
            np.searchsorted(self.keys, np.uint64(place)),
            np.searchsorted(self.keys, np.uint64(place), side="right"),
        )
        return tuple(int(line) for line in np.unique(self.lines[begin:end])[:most])


def survey_file(path: Path, *, on_progress: Callable[[int], object] = lambda _: None) -> Survey:
    """Read a training file once.

    Args:
        path: The file.
        on_progress: Called with the number of bytes that were read, now and then; what it raises ends the pass.

    Raises:
        DataError: If the file cannot be read.
    """
    tally = _Tally()
    done = told = 0
    for number, content in read_cut_lines(path, max_line_bytes=MAX_LINE_BYTES):
        done += len(content)
        if len(content) <= MAX_LINE_BYTES:
            tally.add(checked_row(number, content))
        if done - told > _TOLD_BYTES:
            on_progress(told := done)
    return tally.survey()


_TOLD_BYTES = 8_000_000


def short_key(image: Hashable) -> int:
    """Return 64 bits that tell images apart within this process.

    Args:
        image: The image's key: its hash, or its address.
    """
    return int.from_bytes(image[:8], "little") if isinstance(image, bytes) else hash(image) & _MASK


class _Tally:
    def __init__(self) -> None:
        self.rows = 0
        self._answers: Counter[str] = Counter()
        self._uncounted = 0
        self._keys, self._lines = array("Q"), array("Q")
        self._shown = 0

    def add(self, row: CheckedRow) -> None:
        self.rows += bool(row.messages)
        for exchange in exchanges_of(message.parsed for message in row.messages[row.asked_from :]):
            if exchange.answer is not None and exchange.trained:
                self._count(exchange.answer.strip()[:MAX_ANSWER_CHARACTERS])
        for image in row.images:
            self._shown += 1
            if len(self._keys) < MAX_IMAGES:
                self._keys.append(short_key(image.key))
                self._lines.append(row.line)

    def _count(self, answer: str) -> None:
        if answer in self._answers or len(self._answers) < MAX_ANSWERS:
            self._answers[answer] += 1
        else:
            self._uncounted += 1

    def survey(self) -> Survey:
        keys, lines = (np.frombuffer(part, dtype=np.uint64) if part else np.empty(0, np.uint64) for part in self._parts)
        order = np.argsort(keys, kind="stable")
        return Survey(
            rows=self.rows,
            answers=tuple(self._answers.most_common()),
            uncounted=self._uncounted,
            different_images=len(np.unique(keys)),
            shown_images=self._shown,
            keys=keys[order],
            lines=lines[order],
            images_are_cut=self._shown > len(keys),
        )

    @property
    def _parts(self) -> tuple[array[int], array[int]]:
        return self._keys, self._lines
