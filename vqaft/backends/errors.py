"""What an HTTP status and an error's body mean: the one place where a failed request gets its kind.

The allowance that a service states in its headers.
"""

from __future__ import annotations

import email.utils
import math
import re
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from vqaft.errors import (
    AuthenticationError,
    ModelRetiredError,
    QuotaError,
    RateLimitError,
    RequestRefusedError,
    ServiceError,
    ServiceUnreachableError,
)

_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


LONGEST_PAUSE_S = 120.0


"""Daily allowances come back later than this; the service says so by refusing, and that is believed."""


def pause_s(headers: Mapping[str, str]) -> float | None:
    """Give the seconds until an allowance that is used up is filled again; None where none is, or it is not said.

    Args:
        headers: A response's headers, by lower-case names; `x-ratelimit-remaining-requests` and `-tokens`, and the
            matching `-reset-`, are read.
    """
    waits = [
        duration_s(headers.get(f"x-ratelimit-reset-{what}", ""))
        for what in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{what}", "").strip() == "0"
    ]
    sensible = [wait for wait in waits if wait is not None and wait <= LONGEST_PAUSE_S]
    return max(sensible, default=None)


def duration_s(text: str) -> float | None:
    """Read a duration such as "1m30s", "500ms", "2h" or "7", in seconds; None where it is none."""
    stripped = text.strip()
    if re.fullmatch(r"\d+(\.\d+)?", stripped):
        return float(stripped)
    pieces = _PIECE.findall(stripped)
    if not pieces or "".join(number + unit for number, unit in pieces) != stripped:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in pieces)


QUOTA_CODES = frozenset({"insufficient_quota", "credit_balance_exhausted", "billing_hard_limit_reached"})


RETIRED_CODES = frozenset({"model_not_found", "model_deprecated", "DeploymentNotFound"})


OVERLOAD_STATUSES = frozenset({429, 503, 529})


TRANSIENT_STATUSES = frozenset({408, 409, 425})


LONGEST_RETRY_AFTER_S = 86_400.0


"""A wish to wait longer than a day is taken for a mistake and left alone."""


def error_for_status(status: int, *, body: Any, headers: Mapping[str, str]) -> ServiceError:
    """Give the error that a response stands for.

    The code decides, then the status; the message's words never do.

    Args:
        status: The HTTP status, outside 200 to 299.
        body: The body, decoded where it was JSON; any other shape is taken for no information.
        headers: The response's headers.

    Returns:
        An error of the kind that says whether trying again helps; it carries the service's words.
    """
    codes, words = _codes_and_words(body)
    code = next(iter(codes), None)
    message = (
        f"the service answered {status}" + (f" ({code})" if code else "") + (f": {words.rstrip('.')}" if words else "")
    )
    wait = retry_after_s(headers)
    kind, hint = _kind(status, frozenset(codes))
    return kind(message, status=status, code=code, retry_after_s=wait, hint=hint)


def _kind(status: int, codes: frozenset[str]) -> tuple[type[ServiceError], str | None]:
    if status in {401, 403}:
        return AuthenticationError, "Check the API key, its project, and whether the account may do this."
    if codes & QUOTA_CODES or status == HTTPStatus.PAYMENT_REQUIRED:
        return QuotaError, "Add credit or raise the limit, then run the same again."
    if codes & RETIRED_CODES:
        return ModelRetiredError, "Check the model's name, and whether its provider still runs it."
    if status in OVERLOAD_STATUSES:
        return RateLimitError, None
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in TRANSIENT_STATUSES:
        return ServiceUnreachableError, None
    return RequestRefusedError, None


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read how long a service asks to wait, in seconds; None where it does not say anything sensible.

    `retry-after-ms` goes before `retry-after`, which is a number of seconds or a date. Negative numbers, dates that
    have passed, what is no number, and more than a day are taken for no wish.

    Args:
        headers: The response's headers; looked up by lower-case names.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    seconds = milliseconds / 1000 if milliseconds is not None else _number(headers.get("retry-after"))
    if seconds is None:
        seconds = _seconds_until(headers.get("retry-after"))
    return seconds if seconds is not None and 0 <= seconds <= LONGEST_RETRY_AFTER_S else None


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _seconds_until(date: str | None) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(date or "").timestamp() - time.time()
    except (TypeError, ValueError, OverflowError):
        return None


def _codes_and_words(body: Any) -> tuple[tuple[str, ...], str | None]:
    inner = body.get("error", body) if isinstance(body, dict) else None
    if isinstance(inner, str):
        return (), inner
    if not isinstance(inner, dict):
        return (), None
    codes = tuple(code for code in (inner.get("code"), inner.get("type")) if isinstance(code, str) and code)
    words = inner.get("message")
    return codes, words if isinstance(words, str) else None
