"""VQA accuracy: agreement with several human answers, as in the VQA challenge."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from vqaft.evaluation.score import AnsweredExample, Score

PEOPLE = 10
ENOUGH = 3

PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
ARTICLES = frozenset({"a", "an", "the"})
PERIOD = re.compile(r"\.(?!\d)")
NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    )
} | {"none": "0"}
CONTRACTED = (
    *("ain't", "aren't", "can't", "could've", "couldn't", "couldn't've", "didn't", "doesn't", "don't", "hadn't"),
    *("hadn't've", "hasn't", "haven't", "he'd", "he'd've", "he's", "how'd", "how'll", "how's", "isn't", "it'd"),
    *("it'd've", "it'll", "ma'am", "might've", "mightn't", "mightn't've", "must've", "mustn't", "needn't", "not've"),
    *("o'clock", "oughtn't", "'ow's'at", "shan't", "she'd've", "should've", "shouldn't", "shouldn't've"),
    *("somebody'd've", "somebody'll", "somebody's", "someone'd", "someone'd've", "someone'll", "someone's"),
    *("something'd", "something'd've", "something'll", "that's", "there'd", "there'd've", "there're", "there's"),
    *("they'd", "they'd've", "they'll", "they're", "they've", "'twas", "wasn't", "we'd've", "we've", "weren't"),
    *("what'll", "what're", "what's", "what've", "when's", "where'd", "where's", "where've", "who'd", "who'd've"),
    *("who'll", "who's", "who've", "why'll", "why're", "why's", "won't", "would've", "wouldn't", "wouldn't've"),
    *("y'all", "y'all'd've", "y'all'll", "you'd", "you'd've", "you'll", "you're", "you've"),
)


def _one_left_out(word: str) -> list[str]:
    return [word[:place] + word[place + 1 :] for place, sign in enumerate(word) if sign == "'"]


CONTRACTIONS = {short: word for word in CONTRACTED for short in _one_left_out(word)}


def vqa_normal(text: str) -> str:
    """Normalize an answer as the VQA challenge's evaluation server (EvalAI) does.

    The script of the VQA repository differs from it: it compares verbatim where all ten people gave the same answer.
    Lower case; most punctuation away (a sign that touches a blank is dropped, any other becomes one); periods away
    unless a digit follows; number words to ten as digits, articles dropped, apostrophes put back into contractions.

    Args:
        text: An answer.
    """
    text = text.lower().replace(",", "").replace("?", "").replace("'s", " 's")
    text = text.replace("\n", " ").replace("\t", " ").strip()
    kept = PERIOD.sub("", _without_punctuation(text))
    found = (NUMBERS.get(word, word) for word in kept.split())
    return " ".join(CONTRACTIONS.get(word, word) for word in found if word not in ARTICLES)


def _without_punctuation(text: str) -> str:
    table = {ord(sign): "" if f"{sign} " in text or f" {sign}" in text else " " for sign in PUNCTUATION if sign in text}
    return text.translate(table) if table else text


@dataclass(frozen=True, kw_only=True)
class VQAAccuracy:
    """Right where three people gave the same answer, partly right where fewer did.

    With the ten answers of the challenge's data it is the mean over leaving each person out of min(1, matches / 3):
    0, 0.3, 0.6, 0.9 or 1 for none to four matches. S. Antol et al., "VQA", ICCV 2015. Prediction and answers are
    normalized alike, as the challenge's server does (`vqa_normal`).

    There is no official rule for another number of answers; then none is left out, and as many matches count in
    full as there are answers, at most three.
    """

    def __call__(self, answered: AnsweredExample) -> Score:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        said, truths = vqa_normal(answered.answer), answered.example.answers
        matches = sum(_truth_normal(truth) == said for truth in truths)
        return _score(matches, len(truths))


_truth_normal = lru_cache(maxsize=1 << 16)(vqa_normal)


@lru_cache(maxsize=1024)
def _score(matches: int, n: int) -> Score:
    if n == PEOPLE:
        others = matches * min(ENOUGH, max(0, matches - 1)) + (n - matches) * min(ENOUGH, matches)
        value = others / (ENOUGH * n)
    else:
        value = min(1.0, matches / min(ENOUGH, n))
    return Score(value=value, reason=f"{matches} of {n} people gave this answer")
