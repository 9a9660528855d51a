"""The normalisation of the VQA challenge."""

from __future__ import annotations

import re

PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
PERIOD = re.compile(r"\.(?!\d)")
ARTICLES = frozenset({"a", "an", "the"})
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
    """Normalise an answer as the VQA challenge's server does.

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
