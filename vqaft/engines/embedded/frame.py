"""What surrounds every question alike, such as "Question: … Answer in a word", and is no part of it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The text before and after the questions of a training file.

    Attributes:
        before: What all user messages begin with.
        after: What all user messages end with.
    """

    before: str = ""
    after: str = ""

    @classmethod
    def of(cls, texts: Iterable[str]) -> Frame:
        """Find what all texts begin and end with, by whole lines and up to a colon within a line.

        Args:
            texts: The user messages of the training data.
        """
        distinct = sorted({text.strip() for text in texts})
        if len(distinct) < 2:  # noqa: PLR2004 - one text shows no frame
            return cls()
        before = re.match(r"(?s)(.*[\n:])?", _common_start(distinct))
        rest = [text[before.end() if before else 0 :][::-1] for text in distinct]
        after = re.match(r"(?s)(.*\n)?", _common_start(rest))
        return cls(before=before[0] if before else "", after=after[0][::-1] if after else "")

    def question(self, text: str) -> str:
        """Take the question out of a user's message.

        Args:
            text: The message.

        Returns:
            What is left without the frame; the whole text where it has none.
        """
        return text.strip().removeprefix(self.before).removesuffix(self.after).strip()


def _common_start(texts: Iterable[str]) -> str:
    columns = zip(*texts, strict=False)
    return "".join(column[0] for column in itertools.takewhile(lambda column: len(set(column)) == 1, columns))
