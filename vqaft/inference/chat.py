"""Chat completions: the request, the reply, the settings that predictor and judge ask with, and the backend's seam."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import orjson
from pydantic import PositiveInt

from vqaft.errors import DataError, RequestRefusedError
from vqaft.typed import Amount, typed

MAX_TEMPERATURE = 2.0
OWN_FIELDS = frozenset({"model", "messages", "temperature", "max_tokens", "max_completion_tokens", "seed"})
"""Fields of a request that have settings of their own, and so cannot stand in `extra_body`."""

OPTIONAL_FIELDS = {
    "temperature": "temperature",
    "seed": "seed",
    "reasoning_effort": "thinking",
    "reasoning": "thinking",
    "chat_template_kwargs": "thinking",
}
"""Fields that a model may refuse, and what is left out then; reasoning models accept no temperature, for example."""


@dataclass(frozen=True, kw_only=True)
@typed
class ChatSettings:
    """What a model is asked with, beside the messages.

    Attributes:
        model: The model's name.
        temperature: 0 to 2; left to the provider where None. A model that refuses it is asked without.
        max_tokens: The most tokens of an answer, a reasoning model's thoughts included; left to the provider where
            None.
        seed: For repeatable answers as far as the provider can; none where None.
        thinking: False switches a reasoning model's thoughts off, as far as the service can; None leaves it as it is.
        extra_body: Further fields of the request, under the provider's own names, e.g. {"top_k": 1}.

    Raises:
        DataError: If a value is outside its range.
    """

    model: str
    temperature: float | None = 0.0
    max_tokens: int | None = 300
    seed: int | None = None
    thinking: bool | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        _check_settings(self)

    def request(self, messages: bytes) -> ChatRequest:
        """Return a request of the messages, a JSON array in bytes."""
        return ChatRequest(messages=messages, **vars(self))

    def as_dict(self) -> dict[str, Any]:
        """Return the settings by name, to be recorded; those that were not chosen are left out."""
        values = vars(self)
        chosen = {name: values[name] for name in ("thinking", "extra_body") if values[name] not in (None, {})}
        return {name: values[name] for name in ("model", "temperature", "max_tokens", "seed")} | chosen


@dataclass(frozen=True, kw_only=True)
@typed
class ChatRequest:
    """A chat completion to ask for.

    Attributes:
        model: The model's name.
        messages: The messages as a JSON array in bytes, built once and sent as they are.
        temperature: 0 to 2; left to the provider where None.
        max_tokens: The most tokens to answer with; left to the provider where None.
        seed: For repeatable answers as far as the provider can; none where None.
        response_format: The `response_format` of structured output; none where None.
        thinking: False switches a reasoning model's thoughts off, as far as the service can.
        extra_body: Further fields of the request, under the provider's own names.
    """

    model: str
    messages: bytes = field(repr=False)
    temperature: Amount | None = None
    max_tokens: PositiveInt | None = None
    seed: int | None = None
    response_format: Mapping[str, Any] | None = field(default=None, hash=False)
    thinking: bool | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def body(
        self, *, limit_name: str = "max_completion_tokens", without_thoughts: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return the body of the HTTP request, in JSON.

        Args:
            limit_name: What the service calls `max_tokens`.
            without_thoughts: The fields that switch thinking off at the service; nothing is sent where None.
        """
        settings = {
            "model": self.model,
            "temperature": self.temperature,
            limit_name: self.max_tokens,
            "seed": self.seed,
            "response_format": self.response_format,
        }
        given = {name: value for name, value in settings.items() if value is not None}
        if self.thinking is False:
            given |= without_thoughts or {}
        head = orjson.dumps({**given, **self.extra_body})
        return head[:-1] + b',"messages":' + self.messages + b"}"

    def without(self, error: RequestRefusedError) -> ChatRequest | None:
        """Return the request without the field that a model refused; None where it refused something else.

        Args:
            error: The refusal; its code says that a parameter is not supported, its parameter says which.
        """
        name = OPTIONAL_FIELDS.get(error.param or "")
        code = (error.code or "").lower()
        if name is None or getattr(self, name) is None or not ("unsupported" in code or code == "unknown_parameter"):
            return None
        return replace(self, **{name: None})  # type: ignore[arg-type] # all of them may be None


@dataclass(frozen=True, kw_only=True)
@typed
class ChatReply:
    """What came back.

    Attributes:
        text: The answer; None where the model gave none.
        finish_reason: "stop", "length", "content_filter", or what the provider adds.
        refusal: The model's words where it refused.
        model: The model that answered, by the provider's full name.
        prompt_tokens: Tokens billed for the request; None where not said.
        completion_tokens: Tokens billed for the answer; None where not said.
        pause_s: Seconds until the service accepts the next request, where it says that its allowance is used up.
    """

    text: str | None
    finish_reason: str | None = None
    refusal: str | None = None
    model: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    pause_s: float | None = None


class ChatBackend(Protocol):
    """What a service must be able to do to be asked."""

    def complete(self, request: ChatRequest) -> ChatReply:
        """Send one request, without retries.

        Raises:
            ServiceError: Of the type that says whether trying again can help.
        """
        ...


def _check_settings(settings: ChatSettings) -> None:
    problems = {
        "model": not isinstance(settings.model, str),
        "temperature": not _is_within(settings.temperature, MAX_TEMPERATURE),
        "max_tokens": not _is_whole(settings.max_tokens, least=1),
        "seed": not _is_whole(settings.seed, least=None),
        "thinking": settings.thinking not in (None, True, False),
    }
    for name, is_wrong in problems.items():
        if is_wrong:
            raise DataError(f"{name}={getattr(settings, name)!r}", hint=_RANGES[name])
    _check_extra(settings.extra_body)


def _check_extra(extra: object) -> None:
    hint = f"A mapping without {', '.join(sorted(OWN_FIELDS))}: these have settings of their own."
    if not isinstance(extra, Mapping) or OWN_FIELDS & extra.keys():
        raise DataError("extra_body is not a mapping, or holds a field that has a setting of its own", hint=hint)
    try:
        orjson.dumps(dict(extra))
    except TypeError as error:
        raise DataError(f"extra_body cannot be written as JSON ({error})") from error


_RANGES = {
    "model": "A text.",
    "temperature": "A number from 0 to 2, or None for the provider's own.",
    "max_tokens": "A whole number from 1 on, or None for the provider's own.",
    "seed": "A whole number, or None.",
    "thinking": "True, False, or None for the model's own.",
}


def _is_whole(value: object, *, least: int | None) -> bool:
    return value is None or (
        isinstance(value, int) and not isinstance(value, bool) and (least is None or value >= least)
    )


def _is_within(value: object, most: float) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most)
