"""Text brought into one form before it is compared.

The answer at the end of a model's reasoning.

The normalisation of the VQA challenge.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from itertools import pairwise

BOXED = re.compile(r"\\boxed\{([^{}]*)\}")


TAGS = re.compile("</?answer>", re.IGNORECASE)


# The words are looked for first, and every repetition is bounded: the time stays in proportion to the length of the
# text, whatever it holds.
MARK = re.compile(r"(?:answer|conclusion)[*_\s]{0,4}(?::|\bis\b)[*_:\s]{0,8}(?=\S)", re.IGNORECASE)


BEFORE = re.compile(
    r"(?:^|[\n.!?*#>])\s{0,4}[*_#]{0,6}\s{0,2}(?:(?:therefore|thus|so|hence)\W{1,3})?(?:the\s{1,3}|my\s{1,3})?"
    r"(?:final\s{1,3}|correct\s{1,3})?$",
    re.IGNORECASE,
)


REACH = 48  # characters that BEFORE can span


HINTS = ("answer", "conclusion", "boxed")


SHORTEST = len("answer:x")


def final_answer(text: str) -> str:
    r"""Take the final answer out of an answer that may hold reasoning.

    It is what stands in the last `\boxed{…}` or `<answer>…</answer>`, or else behind the last "Answer:",
    "Conclusion:", "the final answer is" and the like at the start of a line or sentence, to the end of that line.
    Where there is nothing of the kind, the whole text is the answer.

    Args:
        text: What the model said.
    """
    if len(text) < SHORTEST:
        return text
    lowered = text.lower()
    if not any(hint in lowered for hint in HINTS):
        return text
    boxed = BOXED.findall(text) if "boxed" in lowered else []
    if boxed:
        return str(boxed[-1]).strip()
    return (_tagged(text) if "<answer" in lowered else "") or _marked(text)


def _tagged(text: str) -> str:
    for opening, closing in reversed(list(pairwise(TAGS.finditer(text)))):
        if closing[0].startswith("</") and not opening[0].startswith("</"):
            return text[opening.end() : closing.start()].strip()
    return ""


def _marked(text: str) -> str:
    for mark in reversed(list(MARK.finditer(text))):
        place = mark.start()
        before = text[:place] if place <= REACH else f"…{text[place - REACH : place]}"
        if not place or BEFORE.search(before):
            return text[mark.end() :].split("\n", 1)[0].strip().strip("*_`\"'").strip()
    return text


WORD = re.compile(r"\d+(?:[.,]\d+)*|\w+(?:['’]\w+)*")


NUMBER = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?")


DIACRITICS = re.compile("[\u0300-\u036f]")


ARTICLES = frozenset({"a", "an", "the"})


NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(
        (
            *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
            *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
            "twenty",
        )
    )
}


def plain_text(text: str) -> str:
    """Bring text into Unicode's compatible composed form (NFKC), with single blanks and none around it.

    Args:
        text: Any text.
    """
    return " ".join((text if text.isascii() else unicodedata.normalize("NFKC", text)).split())


def folded_text(text: str) -> str:
    """Give the same as `plain_text`, without regard to case.

    Args:
        text: Any text.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    # Folding can undo the composed form, and normalising can bring back a capital: once more gives a fixed point.
    return plain_text(unicodedata.normalize("NFKC", text.casefold()).casefold())


def words(text: str) -> tuple[str, ...]:
    """Take text apart into words: no case, no accents, no punctuation, no articles, one way to write a number.

    "The Café, 1,000.50 – two" gives ("cafe", "1000.5", "2").

    Args:
        text: Any text.
    """
    folded = text.lower() if text.isascii() else _without_accents(folded_text(text))
    # Letters and blanks alone, as in most answers, need no pattern.
    found = folded.split() if folded.replace(" ", "").isalpha() else WORD.findall(folded)
    return tuple(filter(None, map(_word, found)))


def _without_accents(text: str) -> str:
    return DIACRITICS.sub("", unicodedata.normalize("NFKD", text))


@lru_cache(maxsize=1 << 16)
def _word(word: str) -> str:
    if word.isalpha():
        return "" if word in ARTICLES else NUMBER_WORDS.get(word, word)
    number = NUMBER.fullmatch(word)
    if number is None:
        return word.replace("’", "'")
    whole, fraction = number[1].replace(",", "").lstrip("0") or "0", (number[2] or "").rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'


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
