"""Errors say what, where and what to do, and travel between processes."""

from __future__ import annotations

import inspect
import pickle
from pathlib import Path

import pytest

from vqaft import errors
from vqaft.errors import DataError, ImageError, MissingExtraError, ServiceError, VqaftError

ALL = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, VqaftError)]


def make(kind: type[VqaftError]) -> VqaftError:
    return kind("package", extra="local") if issubclass(kind, MissingExtraError) else kind("what", hint="Do this.")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (VqaftError("what"), "what"),
        (DataError("what", path=Path("a.csv"), line=3), "a.csv:3: what"),
        (DataError("what", line=3), "line 3: what"),
        (ImageError("what", path="a.png", example_id="7", hint="Do this."), "a.png: example '7': what. Do this."),
        (MissingExtraError("tqdm", extra="x"), "tqdm is not installed. Install it with: pip install 'vqaft[x]'"),
    ],
)
def test_text(error: VqaftError, text: str) -> None:
    assert str(error) == text


@pytest.mark.parametrize("kind", ALL)
def test_pickles_with_everything_it_carries(kind: type[VqaftError]) -> None:
    error = make(kind)
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert copy.__dict__ == error.__dict__


@pytest.mark.parametrize("kind", ALL)
def test_is_drawn_in_the_tree_at_the_top(kind: type[VqaftError]) -> None:
    assert kind.__name__ in (errors.__doc__ or "")


def test_a_service_error_carries_what_a_retry_needs() -> None:
    error = ServiceError("slow down", status=429, code="rate_limit_exceeded", retry_after_s=2.5)
    assert (error.status, error.code, error.retry_after_s) == (429, "rate_limit_exceeded", 2.5)


def test_data_errors_are_value_errors() -> None:
    assert issubclass(ImageError, ValueError)
    assert issubclass(MissingExtraError, ImportError)
