"""Every failed request gets the kind that says whether trying again helps."""

from __future__ import annotations

import datetime as dt
import email.utils
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.backends.errors import duration_s, error_for_status, pause_s, retry_after_s
from vqaft.errors import (
    AuthenticationError,
    ModelRetiredError,
    QuotaError,
    RateLimitError,
    RequestRefusedError,
    ServiceError,
    ServiceUnreachableError,
)


def body(code: str | None = None, kind: str | None = None) -> dict[str, Any]:
    return {"error": {"message": "words", "type": kind, "param": None, "code": code}}


@pytest.mark.parametrize(
    ("status", "given", "kind"),
    [
        (401, body("invalid_api_key"), AuthenticationError),
        (403, body(), AuthenticationError),
        (402, body(), QuotaError),
        (429, body("insufficient_quota"), QuotaError),
        (429, body(None, "insufficient_quota"), QuotaError),
        (429, body("credit_balance_exhausted"), QuotaError),
        (429, body("rate_limit_exceeded"), RateLimitError),
        (429, "slow down", RateLimitError),
        (429, None, RateLimitError),
        (503, body("server_is_overloaded"), RateLimitError),
        (529, None, RateLimitError),
        (404, body("model_not_found"), ModelRetiredError),
        (404, body("DeploymentNotFound"), ModelRetiredError),
        (404, body(), RequestRefusedError),
        (400, body("invalid_image"), RequestRefusedError),
        (413, None, RequestRefusedError),
        (422, {"detail": "x"}, RequestRefusedError),
        (301, None, RequestRefusedError),
        (408, None, ServiceUnreachableError),
        (409, body(), ServiceUnreachableError),
        (500, "<html>", ServiceUnreachableError),
        (502, None, ServiceUnreachableError),
        (504, ["x"], ServiceUnreachableError),
    ],
)
def test_the_kind_follows_the_code_and_the_status(status: int, given: object, kind: type[ServiceError]) -> None:
    error = error_for_status(status, body=given, headers={"retry-after": "3"})
    assert type(error) is kind
    assert error.status == status
    assert error.retry_after_s == 3.0
    assert str(status) in str(error)


BODIES = st.recursive(
    st.none() | st.text() | st.integers(),
    lambda inner: st.dictionaries(st.sampled_from(["error", "code", "message", "type"]), inner),
)


@given(st.integers(300, 599), BODIES)
def test_no_body_breaks_it(status: int, given: object) -> None:
    assert isinstance(error_for_status(status, body=given, headers={}), ServiceError)


def in_seconds(seconds: float) -> str:
    return email.utils.format_datetime(dt.datetime.now(tz=dt.UTC) + dt.timedelta(seconds=seconds), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
        ({}, None),
    ],
)
def test_the_wish_to_wait_is_read_however_it_comes(headers: dict[str, str], wanted: float | None) -> None:
    assert retry_after_s(headers) == wanted


def test_the_wish_to_wait_may_be_a_date() -> None:
    assert retry_after_s({"retry-after": in_seconds(60)}) == pytest.approx(60, abs=3)


@given(st.text(max_size=30))
def test_no_header_breaks_it(text: str) -> None:
    assert (retry_after_s({"retry-after": text}) or 0.0) >= 0.0
    assert (duration_s(text) or 0.0) >= 0.0


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1m30s", 90.0),
        ("500ms", 0.5),
        ("2h", 7200.0),
        ("6.5s", 6.5),
        ("7", 7.0),
        ("", None),
        ("x", None),
        ("1s!", None),
    ],
)
def test_durations_are_read(text: str, wanted: float | None) -> None:
    assert duration_s(text) == wanted


@pytest.mark.parametrize(
    ("remaining", "reset", "wanted"),
    [("0", "1m30s", 90.0), ("1", "1m30s", None), ("0", "20h", None), ("0", "?", None), ("", "1s", None)],
)
def test_an_allowance_that_is_used_up_is_a_pause(remaining: str, reset: str, wanted: float | None) -> None:
    headers = {"x-ratelimit-remaining-tokens": remaining, "x-ratelimit-reset-tokens": reset}
    assert pause_s(headers) == wanted
