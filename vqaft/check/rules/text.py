"""Rules about questions, answers and instructions, and about the length of a row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import partial

from vqaft.check.parsed_row import CheckedMessage, CheckedRow
from vqaft.check.rule import Found, RowRule, Severity
from vqaft.providers import PER_MESSAGE, ProviderLimits, approximate_tokens, image_tokens_of

Find = Callable[[CheckedRow, ProviderLimits], Iterable[Found]]

_SPECIAL = re.compile(r"<\|[^|<>\s]{1,60}\|>|</?s>|\[/?INST\]|<(?:start|end)_of_turn>|<pad>|<unk>|<(?:bos|eos)>")

_IMAGE = re.compile(r"<image(?:_\d+)?>|<img>|<video>|\[IMG\]|<\|image\|>", re.IGNORECASE)

_RESERVED = re.compile(r"(?:^|\n)\s*(?:User|Bot|Assistant|System|Human|GPT):")

_UNFILLED = re.compile(r"\{\{?\s*(?:question|answer|text|input|image)\s*\}\}?")

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")

_MOJIBAKE = re.compile("Ã[\u0080-\u00bf]|â€[\u0090-\u009d™œ¦“”]|\ufffd")

PASTED = re.compile(r"data:image/[a-z+]+;base64,|[A-Za-z0-9+/]{2000}")

SUSPICIOUS = re.compile(
    rf"[<\[{{]|(?:User|Bot|Assistant|System|Human|GPT):|data:image/|{_CONTROL.pattern}|{_INVISIBLE.pattern}|"
    + _MOJIBAKE.pattern
)
"""Stands in every text of under 2,000 characters in which one of the patterns above is found, and in few others."""

PLACEHOLDERS = frozenset(
    {"n/a", "na", "nan", "none", "null", "todo", "tbd", "-", "?", "unknown", "undefined", "[]", "{}"}
)

LONG = 2000


def matching(pattern: re.Pattern[str], message: str, *, roles: frozenset[str] | None = None) -> Find:
    """Return a rule's function that searches texts for a pattern.

    Args:
        pattern: What must not be there.
        message: What to say; the match is added.
        roles: Whose messages to look at; everybody's where None.
    """
    return partial(_find_match, pattern, message, roles)


def _find_match(
    pattern: re.Pattern[str], message: str, roles: frozenset[str] | None, row: CheckedRow, _: ProviderLimits
) -> Iterable[Found]:
    for text in row.texts:
        match = pattern.search(text.text) if roles is None or text.role in roles else None
        if match:
            yield Found(text.place, f"{message}: {match[0].strip()[:40]!a}")


def _answers(row: CheckedRow) -> list[CheckedMessage]:
    return [message for message in row.messages if message.role == "assistant"]


def empty_answer(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """An answer that says nothing teaches to say nothing."""
    for message in _answers(row):
        instead = message.value.keys() & {"tool_calls", "function_call", "refusal"}
        if not message.text.strip() and not instead and message.value.get("content") is not None:
            yield Found(f"{message.place}.content", "the answer is empty")


def empty_text(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """A text of nothing, in a message that is no answer."""
    for text in row.texts:
        if text.role != "assistant" and not text.text.strip():
            yield Found(text.place, "the text is empty")


def no_question(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """An image without a question."""
    user = [message for message in row.messages if message.role == "user"]
    if user and any(message.images for message in user) and not any(message.text.strip() for message in user):
        yield Found(user[-1].place, "there is an image and no question")


def edges(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """Blanks around an answer are learnt, and then fail an exact comparison."""
    for message in _answers(row):
        if message.text.strip() and message.text != message.text.strip():
            yield Found(f"{message.place}.content", "the answer begins or ends with a blank")


def placeholder(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """What tables write where an answer is missing."""
    for message in _answers(row):
        if message.text.strip().casefold() in PLACEHOLDERS:
            yield Found(f"{message.place}.content", f"the answer is {message.text.strip()!r}")


def not_composed(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """The same letters in two encodings are two answers to a comparison."""
    for text in row.texts:
        if not text.text.isascii() and is_unicode(text.text) and not unicodedata.is_normalized("NFC", text.text):
            yield Found(text.place, "letters and their accents are apart")


def surrogate(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """Half a character cannot be written as UTF-8."""
    return [Found(text.place, "half a surrogate pair") for text in row.texts if not is_unicode(text.text)]


def is_unicode(text: str) -> bool:
    """Return whether a text can be written as UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def long_answer(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """An answer to a question about an image is seldom a page."""
    for message in _answers(row):
        if len(message.text) > LONG:
            yield Found(f"{message.place}.content", f"the answer has {len(message.text)} characters")


def answer_in_context(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """An earlier turn of the row already answers the question about the same image."""
    asking = [message for message in row.messages if message.role == "user"]
    if len(asking) < 2:  # noqa: PLR2004 - an earlier one and a later one
        return
    seen: set[tuple[object, ...]] = set()
    images: tuple[object, ...] = ()
    for message in asking:
        images = tuple(image.key for image in message.images) or images
        asked = (message.text.strip(), images)
        if asked in seen and message.text.strip():
            yield Found(message.place, "the same question about the same image was answered before it")
        seen.add(asked)


def _rule(code: str, severity: Severity, find: Find, remedy: str, *, by_shape: bool = True) -> RowRule:
    return RowRule(code=f"text.{code}", severity=severity, remedy=remedy, find=find, by_shape=by_shape)


_CLEAN = "Take it out; fix_file does."
_ANSWERS = frozenset({"assistant"})

TEXT_RULES = (
    _rule("empty-answer", "error", empty_answer, "Give the answer, or take the row out."),
    _rule("empty", "warning", empty_text, "Say something, or take the part out."),
    _rule("no-question", "warning", no_question, "Put the question into the user message."),
    _rule("edges", "warning", edges, "Strip it; fix_file does."),
    _rule("placeholder", "warning", placeholder, "Take rows without an answer out."),
    _rule("special-token", "error", matching(_SPECIAL, "a special token"), "Take it out: providers refuse the file."),
    _rule("image-tag", "warning", matching(_IMAGE, "a literal image tag"), "Take it out: it breaks open trainers."),
    _rule("reserved-word", "warning", matching(_RESERVED, "a reserved word"), "Reword it: Bedrock refuses the job."),
    _rule("unfilled", "warning", matching(_UNFILLED, "an unfilled template"), "Fill the template in."),
    _rule("control-character", "warning", matching(_CONTROL, "a control character"), _CLEAN),
    _rule("invisible", "warning", matching(_INVISIBLE, "an invisible character"), _CLEAN),
    _rule(
        "mojibake",
        "warning",
        matching(_MOJIBAKE, "text in the wrong encoding"),
        "Read the source as what it is, e.g. UTF-8.",
    ),
    _rule("not-composed", "note", not_composed, "Normalise to NFC; fix_file does."),
    _rule("surrogate", "error", surrogate, "Repair the text at its source."),
    _rule("pasted-data", "error", matching(PASTED, "base64 in a text"), "Put the image into an image part."),
    _rule("long-answer", "note", long_answer, "Look whether it is the answer that was meant."),
    _rule(
        "answer-in-context",
        "error",
        answer_in_context,
        "Take the row, or the few-shot example, out.",
        by_shape=False,
    ),
)
"""Rules about questions, answers and instructions."""


def too_many_tokens(row: CheckedRow, limits: ProviderLimits) -> Iterable[Found]:
    """What is too long is cut off, the answer first; only where the provider's limit is known.

    Texts are estimated, and images counted at the least that they can be by the rule of gpt-4o.
    """
    if limits.max_row_tokens is None:
        return
    images = image_tokens_of("gpt-4o")
    shown = [(image.header, image.detail) for image in row.images if image.header is not None]
    tokens = sum(images.count(h.width, h.height, detail).low for h, detail in shown if h.width and h.height)
    tokens += sum(PER_MESSAGE for _ in row.messages) + sum(approximate_tokens(text.text) for text in row.texts)
    if tokens > limits.max_row_tokens:
        yield Found("", f"about {tokens:,} tokens, over {limits.max_row_tokens:,}")


TOKEN_RULES = (
    RowRule(
        code="text.too-many-tokens",
        severity="error",
        remedy="Show fewer or smaller images, or take few-shot examples out.",
        find=too_many_tokens,
    ),
)
"""The rule about rows that are longer than a model reads."""
