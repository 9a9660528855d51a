"""String-similarity judge: rates an answer against a reference by a formula; it is not a language model."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from vqaft.engines.conversation import last_question
from vqaft.engines.engine import ChatAnswer, ChatTurn
from vqaft.engines.structured_output import fill_schema, reply

JUDGE_MODEL = "string-similarity-judge-not-an-llm"
"""The id under which the judge is asked."""
SCANNED = 2_000_000
"""Characters that are read in the search for a JSON object; text that opens many and closes none ends the search."""
_FAILURE = 1_000
"""What an opening bracket that begins no JSON costs, in characters."""
COMPARED = 20_000
"""Characters of each text whose edits are counted."""
THRESHOLDS = (1.0, 0.75, 0.4)
"""The least similarity of the first, second and third level; below the last it is the fourth."""


def similarity(reference: str, candidate: str) -> float:
    """Rate how alike two answers are as strings.

    Both are normalised: Unicode NFKC, no letter case, punctuation and the articles a, an, the as blanks, blanks
    collapsed. Equal texts get 1. Else the greater of two measures counts, and at most 0.99: the F1 of their words (each
    word as often as it occurs), and, for texts without digits, their Levenshtein similarity, 1 minus the edits by the
    length of the longer text. A number with one other digit is another number, so edits do not count there.

    Args:
        reference: The right answer.
        candidate: The answer to rate.

    Returns:
        0 to 1.
    """
    first, second = _normalised(reference), _normalised(candidate)
    if first == second:
        return 1.0
    return min(0.99, max(_token_f1(first.split(), second.split()), _edit_similarity(first, second)))


def _edit_similarity(first: str, second: str) -> float:
    from rapidfuzz.distance import Levenshtein

    if re.search(r"\d", first + second):
        return 0.0
    return float(Levenshtein.normalized_similarity(first[:COMPARED], second[:COMPARED]))


def _normalised(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = re.sub(r"(?<=\d)[.,](?=\d)", "·", folded)  # 1.5 is not 1 and 5
    return " ".join(word for word in re.findall(r"[\w·]+", folded) if word not in {"a", "an", "the"})


def _token_f1(first: Sequence[str], second: Sequence[str]) -> float:
    shared = (Counter(first) & Counter(second)).total()
    return 2 * shared / (len(first) + len(second)) if shared else 0.0


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What the judge was asked to compare."""

    question: str
    references: tuple[str, ...]
    candidate: str


def find_comparison(text: str) -> Comparison | None:
    """Find the JSON object with `reference` and `candidate` in a message.

    Args:
        text: The message; words may stand around the object.

    Returns:
        The last such object, or None where there is none.
    """
    found = [value for value in _objects(text) if {"reference", "candidate"} <= value.keys()]
    if not found:
        return None
    last = found[-1]
    references = last["reference"] if isinstance(last["reference"], list) else [last["reference"]]
    return Comparison(
        question=str(last.get("question", "")),
        references=tuple(map(str, references)) or ("",),
        candidate=str(last["candidate"]),
    )


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    decoder, left = json.JSONDecoder(), SCANNED
    at = text.find("{")
    while at >= 0 and left > 0:
        value, end, scanned = _decode(decoder, text, at)
        left -= scanned
        if isinstance(value, dict):
            yield value
        at = text.find("{", end)


def _decode(decoder: json.JSONDecoder, text: str, at: int) -> tuple[Any, int, int]:
    """Return the JSON value at a place, or None; where to look on; and how many characters were read."""
    try:
        value, end = decoder.raw_decode(text, at)
    except json.JSONDecodeError as error:  # to raise it, Python has counted the lines up to there
        return None, at + 1, error.pos - at + _FAILURE
    except (ValueError, RecursionError):  # a number of thousands of digits, or thousands of brackets
        return None, at + 1, 10 * _FAILURE
    return value, end, end - at


class SimilarityJudge:
    """A chat model that rates how alike a reference and a candidate are.

    It looks for a JSON object with "question", "reference" and "candidate" in the last message of the user. With a
    response schema it answers with the level of the schema's first enum of strings, which are taken to be ordered
    from best to worst, and the reason in words; without one, with the similarity in words.
    """

    def answer(self, turn: ChatTurn) -> ChatAnswer:
        """Rate an answer; see the class. What holds no such object is told so."""
        comparison = find_comparison(last_question(turn.messages).text)
        if comparison is None:
            return reply(turn, "No JSON object with reference and candidate was found.")
        ratings = {reference: similarity(reference, comparison.candidate) for reference in comparison.references}
        nearest, score = max(ratings.items(), key=lambda rated: rated[1])
        reason = f"String similarity {score:.2f} of {comparison.candidate!r} and the reference {nearest!r}."
        if turn.response_schema is None:
            return reply(turn, reason)
        return reply(turn, _rated(turn.response_schema, score, reason), structured=True)


def _rated(schema: Mapping[str, Any], score: float, reason: str) -> str:
    value = orjson.loads(fill_schema(schema, reason))
    for name, part in schema.get("properties", {}).items():
        levels = part.get("enum") if isinstance(part, Mapping) else None
        if levels and isinstance(value, dict) and all(isinstance(level, str) for level in levels):
            return orjson.dumps(value | {name: level_of(score, levels)}).decode()
    return orjson.dumps(value).decode()


def level_of(score: float, levels: Sequence[str]) -> str:
    """Choose a level for a similarity.

    Four levels are parted by `THRESHOLDS`; another number of levels parts 0 to 1 evenly, the first for 1 alone.

    Args:
        score: 0 to 1.
        levels: From best to worst.
    """
    count = len(levels)
    even = [1.0, *((count - 1 - place) / (count - 1) for place in range(1, count - 1))]
    thresholds = THRESHOLDS if count == len(THRESHOLDS) + 1 else even[: count - 1]
    return next((level for level, least in zip(levels, thresholds, strict=False) if score >= least), levels[-1])
