"""Rules about the keys and values of a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from vqaft.check.parsed_row import CheckedRow, ParsedFile, foreign_kind
from vqaft.check.rule import FileRule, Found, FoundLine, RowRule, Rule
from vqaft.providers import ProviderLimits

CHAT_KEYS = frozenset({"messages", "tools", "parallel_tool_calls", "functions"})
PREFERENCE_KEYS = frozenset(
    {"input", "preferred_completion", "non_preferred_completion", "preferred_output", "non_preferred_output"}
)
ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
MESSAGE_KEYS = {
    "system": frozenset({"role", "content", "name"}),
    "developer": frozenset({"role", "content", "name"}),
    "user": frozenset({"role", "content", "name"}),
    "assistant": frozenset({"role", "content", "name", "weight", "refusal", "tool_calls", "function_call", "audio"}),
    "tool": frozenset({"role", "content", "tool_call_id"}),
    "function": frozenset({"role", "content", "name"}),
}
PART_KEYS = {"text": frozenset({"type", "text"}), "image_url": frozenset({"type", "image_url"})}
_SHOWN = 60


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _raw_messages(row: CheckedRow) -> tuple[str, Any]:
    if row.is_preference and isinstance(row.value["input"], dict):
        return "input.messages", row.value["input"].get("messages")
    return "messages", row.value.get("messages")


def _parts(row: CheckedRow) -> Iterator[tuple[str, Any]]:
    for message in row.messages:
        content = message.value.get("content")
        for number, part in enumerate(content if isinstance(content, list) else ()):
            yield f"{message.place}.content[{number}]", part


def _images(row: CheckedRow) -> Iterator[tuple[str, Any]]:
    for place, part in _parts(row):
        if isinstance(part, dict) and part.get("type") == "image_url":
            yield f"{place}.image_url", part.get("image_url")


def no_messages(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """The key is not there, and neither are those of another format."""
    if row.value and not row.is_preference and "messages" not in row.value and foreign_kind(row) is None:
        yield Found("", "the row has no messages")


def other_format(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
    """The rows are written for something else; said once for a kind, however many rows there are."""
    for kind, lines in file.other_rows.items():
        yield FoundLine(lines[0], f"{len(lines)} rows are {kind}" if len(lines) > 1 else f"the row is {kind}")


def text_form(row: CheckedRow, limits: ProviderLimits) -> Iterable[Found]:
    """A provider that takes lists of parts alone takes no string beside them."""
    if limits.text_forms is None or "string" in limits.text_forms:
        return
    contents = [message.value.get("content") for message in row.messages]
    if any(isinstance(content, list) for content in contents):
        for message, content in zip(row.messages, contents, strict=True):
            if isinstance(content, str):
                said = f"the content is a string beside lists of parts, and {limits.name} takes lists alone"
                yield Found(f"{message.place}.content", said)


def strings_beside_lists(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
    """Where strings stand beside lists, Hugging Face datasets reads a string as the JSON value that it spells."""
    altered = [row for row in file.rows if row.altered is not None]
    if altered and any(row.has_lists for row in file.rows):
        first = altered[0]
        said = f"{len(altered)} rows have a content such as {_shown(first.altered)} that datasets.load_dataset changes"
        yield FoundLine(first.line, said)


def messages_list(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """`messages` must be a list."""
    place, messages = _raw_messages(row)
    if messages is not None and not isinstance(messages, list):
        yield Found(place, f"messages is {_shown(messages)}, not a list")


def messages_empty(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """`messages` must hold something."""
    place, messages = _raw_messages(row)
    if messages == []:
        yield Found(place, "messages is empty")


def unknown_key(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """Keys that no provider knows are refused, or silently ignored."""
    known = PREFERENCE_KEYS if row.is_preference else CHAT_KEYS
    if row.value.keys() & known:
        yield from (Found(key[:_SHOWN], f"the key {_shown(key)} is not known") for key in row.value if key not in known)


def message_object(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """A message must be an object."""
    place, messages = _raw_messages(row)
    for number, message in enumerate(messages if isinstance(messages, list) else ()):
        if not isinstance(message, dict):
            yield Found(f"{place}[{number}]", f"the message is {_shown(message)}, not an object")


def message_key(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """A message may hold the keys of its role; `weight` has a rule of its own."""
    for message in row.messages:
        known = MESSAGE_KEYS.get(message.role)
        for key in message.value if known else ():
            if key not in known and key != "weight":  # type: ignore[operator]
                yield Found(f"{message.place}.{key[:_SHOWN]}", f"a {message.role} message has no key {_shown(key)}")


def role_missing(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """A message must say who speaks."""
    return [Found(message.place, "the message has no role") for message in row.messages if "role" not in message.value]


def role_unknown(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """A role must be one of six."""
    for message in row.messages:
        if "role" in message.value and message.role not in ROLES:
            yield Found(f"{message.place}.role", f"the role {_shown(message.value['role'])} is not known")


def content_missing(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """A message must say something; an assistant may call a tool instead."""
    for message in row.messages:
        instead = message.value.keys() & {"tool_calls", "function_call", "refusal"}
        if message.value.get("content") is None and not (message.role in {"assistant", "function"} and instead):
            yield Found(message.place, "the message has no content")


def content_type(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """Content must be text or a list of parts."""
    for message in row.messages:
        content = message.value.get("content")
        if content is not None and not isinstance(content, str | list):
            yield Found(f"{message.place}.content", f"the content is {_shown(content)}, not text or a list of parts")


def content_empty(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """A list of parts must hold one."""
    for message in row.messages:
        if message.value.get("content") == []:
            yield Found(f"{message.place}.content", "the list of parts is empty")


def part_object(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """A part must be an object."""
    return [
        Found(at, f"the part is {_shown(part)}, not an object") for at, part in _parts(row) if type(part) is not dict
    ]


def part_type(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """A part is a text or an image."""
    for place, part in _parts(row):
        if isinstance(part, dict) and part.get("type") not in ("text", "image_url", "refusal"):
            yield Found(f"{place}.type", f"the part's type is {_shown(part.get('type'))}, not 'text' or 'image_url'")


def part_key(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """A part holds its type and its value."""
    for place, part in _parts(row):
        kind = part.get("type") if isinstance(part, dict) else None
        known = PART_KEYS.get(kind) if isinstance(kind, str) else None
        for key in part if known else ():
            if key not in known:  # type: ignore[operator]
                yield Found(f"{place}.{key[:_SHOWN]}", f"a part of type {kind} has no key {_shown(key)}")


def text_string(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """A text part's text must be a string."""
    for place, part in _parts(row):
        if isinstance(part, dict) and part.get("type") == "text" and not isinstance(part.get("text"), str):
            yield Found(f"{place}.text", f"the text is {_shown(part.get('text'))}, not a string")


def image_url_missing(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """An image part must say where the image is."""
    for place, image in _images(row):
        url = image.get("url") if isinstance(image, dict) else image
        if not isinstance(url, str) or not url.strip():
            yield Found(place, "the image has no URL")


def image_url_string(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """`image_url` must be an object with a `url`."""
    return [Found(place, "image_url is a string, not an object") for place, image in _images(row) if type(image) is str]


def image_url_key(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """`image_url` holds a URL and a detail."""
    for place, image in _images(row):
        for key in image if isinstance(image, dict) else ():
            if key not in {"url", "detail"}:
                yield Found(f"{place}.{key[:_SHOWN]}", f"image_url has no key {_shown(key)}")


def detail(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """`detail` is one of three words."""
    for place, image in _images(row):
        if isinstance(image, dict) and "detail" in image and image["detail"] not in ("auto", "low", "high"):
            yield Found(f"{place}.detail", f"detail is {_shown(image['detail'])}, not 'auto', 'low' or 'high'")


def _rule(code: str, find: Any, remedy: str) -> RowRule:
    return RowRule(code=f"structure.{code}", severity="error", remedy=remedy, find=find, by_shape=True)


STRUCTURE_RULES: tuple[Rule, ...] = (
    _rule("no-messages", no_messages, 'Give every row its "messages".'),
    FileRule(
        code="structure.other-format",
        severity="error",
        remedy="Build training rows first: write_jsonl(path, MessageBuilder().records(load_file(table))).",
        find=other_format,
    ),
    _rule("text-form", text_form, "Write lists of parts: MessageBuilder does; fix_file does with parts=True."),
    FileRule(
        code="structure.strings-beside-lists",
        severity="warning",
        remedy="Write every content as a list of parts: MessageBuilder does; fix_file does with parts=True.",
        find=strings_beside_lists,
    ),
    _rule("messages-type", messages_list, "Make it a list of messages."),
    _rule("messages-empty", messages_empty, "Give it a question and an answer, or take the row out."),
    _rule("unknown-key", unknown_key, "Take the key out; fix_file does."),
    _rule("message-type", message_object, 'Write {"role": …, "content": …}.'),
    _rule("message-key", message_key, "Take the key out; fix_file does."),
    _rule("role-missing", role_missing, "Say who speaks: system, user or assistant."),
    _rule("role-unknown", role_unknown, "Use system, developer, user, assistant or tool."),
    _rule("content-missing", content_missing, "Give it a content, or take the row out."),
    _rule("content-type", content_type, "Make it text, or a list of text and image parts."),
    _rule("content-empty", content_empty, "Give it a part, or take the message out."),
    _rule("part-type", part_object, 'Write {"type": "text", "text": …}.'),
    _rule("part-unknown", part_type, "Use text and image_url parts."),
    _rule("part-key", part_key, "Take the key out; fix_file does."),
    _rule("text-type", text_string, "Make it a string."),
    _rule("image-url-missing", image_url_missing, "Give the image a data URL, or take it out."),
    _rule("image-url-type", image_url_string, 'Write {"url": …}; fix_file does.'),
    _rule("image-url-key", image_url_key, "Take the key out; fix_file does."),
    _rule("detail", detail, "Use auto, low or high."),
)
"""Rules about the keys and values of a row."""
