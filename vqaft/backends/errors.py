"""Error classification and waits: what an HTTP status, an error's body and the rate-limit headers mean.

The one place where a failed request gets its type, and with it whether it is sent again.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import email.utils
import math
import re
import time
from collections.abc import Iterator, Mapping
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

QUOTA_CODES = frozenset({"insufficient_quota", "credit_balance_exhausted", "billing_hard_limit_reached"})
RETIRED_CODES = frozenset({"model_not_found", "model_deprecated", "DeploymentNotFound"})
OVERLOAD_STATUSES = frozenset({429, 503, 529})
TRANSIENT_STATUSES = frozenset({408, 409, 425})
MAX_RETRY_AFTER_S = 86_400.0
"""A longer wait than a day counts as a mistake and is ignored."""

MAX_PAUSE_S = 120.0
"""Daily allowances come back later than this; the service says so by refusing, and that is believed."""

MAX_WORDS = 2_000
_MAX_HEADER = 1_000
_DATE = re.compile(
    r"(?:[A-Za-z]{3,9}, ?)?\d{1,2}[ -][A-Za-z]{3}[ -]\d{2,4} \d{2}:\d{2}:\d{2}(?: ?(?:[A-Z]{1,5}|[+-]\d{4}))?"
)
_PIECE = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def error_for_status(status: int, *, body: Any, headers: Mapping[str, str]) -> ServiceError:
    """Return the error that a response stands for.

    The code decides, then the status; the message's words never do.

    Args:
        status: The HTTP status, outside 200 to 299.
        body: The body, decoded where it was JSON; any other shape counts as no information.
        headers: The response's headers, by lower-case names.

    Returns:
        An error of the type that says whether trying again helps; it carries the service's words, code and parameter.
    """
    inner = _inner(body)
    codes = tuple(code for code in (inner.get("code"), inner.get("type")) if isinstance(code, str) and code)
    words, code = _words(inner), next(iter(codes), None)
    message = (
        f"the service answered {status}"
        + (f" ({code[:100]})" if code else "")
        + (f": {words.rstrip('.')}" if words else "")
    )
    kind, hint = _kind(status, frozenset(codes))
    error = kind(message, status=status, code=code, retry_after_s=retry_after_s(headers), hint=hint)
    param = inner.get("param")
    error.param = param if isinstance(param, str) else None
    return error


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return how long a service asks to wait, in seconds; None where it says nothing sensible.

    `retry-after-ms` goes before `retry-after`, which is a number of seconds or a date. A date is measured against the
    response's own `date`, the service's clock, and against the local clock only where there is none. Negative
    numbers, dates that have passed, what is not a number, and more than a day are ignored, each by itself, also where
    a header came twice.

    Args:
        headers: The response's headers; looked up by lower-case names.
    """
    return next((wait for wait in _waits(headers) if 0 <= wait <= MAX_RETRY_AFTER_S), None)


def pause_s(headers: Mapping[str, str]) -> float | None:
    """Return the seconds until an allowance that is used up is filled again; None where none is, or it is not said.

    Args:
        headers: A response's headers, by lower-case names; `x-ratelimit-remaining-requests` and `-tokens`, and the
            matching `-reset-`, are read.
    """
    waits = [
        duration_s(headers.get(f"x-ratelimit-reset-{what}", ""))
        for what in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{what}", "").strip() == "0"
    ]
    sensible = [wait for wait in waits if wait is not None and wait <= MAX_PAUSE_S]
    return max(sensible, default=None)


def duration_s(text: str) -> float | None:
    """Return a duration such as "1m30s", "500ms", "2h" or "7" in seconds; None where it is not one."""
    stripped = text.strip()
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,12})?", stripped):
        return float(stripped)
    pieces = _PIECE.findall(stripped[:100])
    if not pieces or "".join(number + unit for number, unit in pieces) != stripped:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in pieces)


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


def _waits(headers: Mapping[str, str]) -> Iterator[float]:
    asked = headers.get("retry-after", "")
    yield from (number / 1000 for number in _numbers(headers.get("retry-after-ms", "")))
    yield from _numbers(asked)
    now = _dates(headers.get("date", "")) or [time.time()]
    yield from sorted(until - moment for until in _dates(asked) for moment in now if until >= moment)


def _numbers(text: str) -> list[float]:
    """Return the finite numbers of a header, which came once or several times."""
    found = []
    for piece in text[:_MAX_HEADER].split(","):
        with contextlib.suppress(ValueError):
            found.append(float(piece))
    return [number for number in found if math.isfinite(number)]


def _dates(text: str) -> list[float]:
    """Return the dates of a header in seconds since 1970; a date without a zone is UTC, as HTTP's dates are."""
    found = []
    for piece in _DATE.findall(text[:_MAX_HEADER]):
        with contextlib.suppress(TypeError, ValueError, OverflowError, IndexError):
            moment = email.utils.parsedate_to_datetime(piece)
            found.append((moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp())
    return found


def _inner(body: Any) -> Mapping[str, Any]:
    inner = body.get("error", body) if isinstance(body, dict) else None
    if isinstance(inner, str):
        return {"message": inner}
    return inner if isinstance(inner, dict) else {}


def _words(inner: Mapping[str, Any]) -> str | None:
    words = inner.get("message")
    return words[:MAX_WORDS] if isinstance(words, str) else None
