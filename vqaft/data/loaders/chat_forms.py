"""The forms of chat rows, each brought to messages of role and content as OpenAI writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pybase64

from vqaft.data.loaders.cells import plain_of
from vqaft.data.loaders.columns import listed
from vqaft.errors import DataError, shown

_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "chatgpt": "assistant",
    "tool": "tool",
    "function": "tool",
    "function_call": "assistant",
    "observation": "tool",
}
_IMAGE_KEYS = ("images", "image", "image_path")
_PART_IMAGES = ("image_url", "image", "path", "url", "base64", "source", "input_image")


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A row in one form.

    Attributes:
        id: What identifies the row; None if it says nothing.
        messages: Objects of `role` and `content`; content is a string or a list of text and image parts.
        images: Images that stand beside the messages, in order.
    """

    id: Any = None
    messages: tuple[Mapping[str, Any], ...]
    images: tuple[Any, ...] = ()


def is_conversation(row: Mapping[str, Any]) -> bool:
    """Return whether a row is a conversation in a form that is known, rather than a row of a table."""
    return _form_of(row) is not None


def is_chat(row: Mapping[str, Any]) -> bool:
    """Return whether a row is of OpenAI's chat format, whose images stand inside its messages."""
    return row.get("messages") is not None and not any(_beside(row))


def conversation_of(row: Any) -> Conversation:
    """Convert a row to one form.

    Args:
        row: Its JSON.

    Raises:
        DataError: If it is in no known form, or its messages are not as the form has them.
    """
    form = _form_of(row) if isinstance(row, Mapping) else None
    if form is None:
        there = listed(row) if isinstance(row, Mapping) else shown(row)
        raise DataError(f"no list 'messages' or 'conversations'; there is {there}")
    messages = tuple(map(_message, form(row)))
    identity = next((row[key] for key in ("id", "custom_id", "example_id") if row.get(key) is not None), None)
    return Conversation(id=identity, messages=messages, images=tuple(_beside(row)))


def _form_of(row: Mapping[str, Any]) -> Callable[[Mapping[str, Any]], list[Any]] | None:
    return next((form for fits, form in _FORMS if fits(row)), None)


def _is_list(value: Any) -> bool:
    return isinstance(plain_of(value), list)


def _listed_under(key: str) -> Callable[[Mapping[str, Any]], list[Any]]:
    def messages(row: Mapping[str, Any]) -> list[Any]:
        value = plain_of(row[key])
        if not isinstance(value, list | tuple):
            raise DataError(f"{key} is {shown(value)}, not a list")
        if not value:
            raise DataError(f"the list {key!r} is empty")
        return list(value)

    return messages


def _preference(row: Mapping[str, Any]) -> list[Any]:
    preferred = row.get("preferred_output") or row.get("preferred_completion")
    if not isinstance(preferred, list) or not preferred:
        raise DataError("there is no preferred answer")
    return [*_listed_under("messages")(row["input"]), *preferred]


def _batch_request(row: Mapping[str, Any]) -> list[Any]:
    return _listed_under("messages")(row["body"])


def _prompt_completion(row: Mapping[str, Any]) -> list[Any]:
    prompt, completion = plain_of(row.get("prompt")), plain_of(row.get("completion"))
    asked = prompt if isinstance(prompt, list) else [{"role": "user", "content": prompt}]
    return [*asked, *(completion if isinstance(completion, list) else [{"role": "assistant", "content": completion}])]


def _query_response(row: Mapping[str, Any]) -> list[Any]:
    turns: list[Any] = [{"role": "system", "content": row["system"]}] if row.get("system") else []
    for pair in row.get("history") or ():
        if not isinstance(pair, list | tuple) or len(pair) != 2:  # noqa: PLR2004 - a question and its answer
            raise DataError(f"history holds {shown(pair)}, not a pair of question and answer")
        turns += [{"role": "user", "content": pair[0]}, {"role": "assistant", "content": pair[1]}]
    asked = {"role": "user", "content": row["query"]}
    return [*turns, asked, {"role": "assistant", "content": row["response"]}]


_FORMS: tuple[tuple[Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any]], list[Any]]], ...] = (
    (lambda row: row.get("messages") is not None, _listed_under("messages")),
    (lambda row: row.get("conversations") is not None, _listed_under("conversations")),
    (lambda row: isinstance(plain_of(row.get("conversation")), list), _listed_under("conversation")),
    (lambda row: isinstance(row.get("contents"), list), _listed_under("contents")),
    (lambda row: isinstance(row.get("input"), Mapping) and "messages" in row["input"], _preference),
    (lambda row: isinstance(row.get("body"), Mapping) and "messages" in row["body"], _batch_request),
    (lambda row: _is_list(row.get("prompt")) or _is_list(row.get("completion")), _prompt_completion),
    (lambda row: {"query", "response"} <= set(row) and ("images" in row or "history" in row), _query_response),
)


def _beside(row: Mapping[str, Any]) -> Iterator[Any]:
    for key in _IMAGE_KEYS:
        images = plain_of(row.get(key)) if not isinstance(row.get(key), Mapping) else row[key]
        if images is not None and images not in ("", []):
            yield from images if isinstance(images, list | tuple) else [images]
            return


def _message(message: Any) -> dict[str, Any]:
    if not isinstance(message, Mapping):
        raise DataError(f"a message is {shown(message)}, not an object")
    role = next((message[key] for key in ("role", "from", "speaker") if key in message), None)
    known = _ROLES.get(role.strip().casefold()) if isinstance(role, str) else None
    if known is None:
        raise DataError(f"the role is {shown(role)}, which is not known", hint=f"Known are {', '.join(_ROLES)}.")
    content = next((message[key] for key in ("content", "value", "parts", "text") if key in message), None)
    return {**message, "role": known, "content": _content(plain_of(content)), **_weight(message)}


def _weight(message: Mapping[str, Any]) -> dict[str, int]:
    """Return weight 0 where a trainer's own key says that an answer is not trained on (ms-swift, axolotl)."""
    untrained = any(message.get(key) is False for key in ("loss", "train", "training"))
    return {"weight": 0} if untrained else {}


def _content(content: Any) -> str | list[dict[str, Any]]:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):
        content = [content]
    if isinstance(content, list | tuple):
        return list(map(_part, content))
    raise DataError(f"the content is {shown(content)}, not text or a list of parts")


def _part(part: Any) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if not isinstance(part, Mapping):
        raise DataError(f"a part is {shown(part)}, not an object")
    text = _text_of(part)
    if text is not None:
        return {"type": "text", "text": text}
    url = _url_of(part)
    if url is None:
        keys = listed(key for key, value in part.items() if value is not None)
        raise DataError(f"a part is no text and no image that is known; it holds {keys}")
    return {"type": "image_url", "image_url": {"url": url}}


def _text_of(part: Mapping[str, Any]) -> str | None:
    kind, text = part.get("type"), part.get("text")
    if isinstance(text, str) and kind in (None, "text", "input_text", "output_text"):
        return text
    if kind == "refusal" and isinstance(part.get("refusal"), str):
        return str(part["refusal"])
    if kind == "image" and not any(part.get(key) for key in _PART_IMAGES):
        return "<image>"  # the image itself stands beside the messages
    return None


def _url_of(part: Mapping[str, Any]) -> str | None:
    """Return the URL, path or data URL of an image part in any of its forms."""
    if (gemini := _gemini_url(part)) is not None:
        return gemini
    for key in _PART_IMAGES:
        value = part.get(key)
        value = _inner_url(value) if isinstance(value, Mapping) else value
        if isinstance(value, bytes):
            return _data_url("image/png", pybase64.b64encode(value).decode())
        if isinstance(value, str) and value:
            return _data_url("image/png", value) if key == "base64" and "," not in value[:100] else value
    return None


def _gemini_url(part: Mapping[str, Any]) -> str | None:
    for key in ("inlineData", "inline_data"):
        if isinstance(inner := part.get(key), Mapping):
            return _data_url(inner.get("mimeType", inner.get("mime_type")), inner.get("data"))
    for key in ("fileData", "file_data"):
        if isinstance(inner := part.get(key), Mapping):
            return _text(inner.get("fileUri", inner.get("file_uri")))
    return None


def _inner_url(value: Mapping[str, Any]) -> Any:
    if value.get("type") == "base64":  # Anthropic
        return _data_url(value.get("media_type"), value.get("data"))
    if isinstance(source := value.get("source"), Mapping):  # Amazon Nova: bytes, or a place in S3
        place = source.get("s3Location")
        found = place.get("uri") if isinstance(place, Mapping) else None
        return found or _data_url(f"image/{value.get('format')}", source.get("bytes"))
    return value.get("url") or value.get("bytes") or value.get("path")


def _data_url(media_type: Any, data: Any) -> str | None:
    return f"data:{media_type};base64,{data}" if isinstance(data, str) and data else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
