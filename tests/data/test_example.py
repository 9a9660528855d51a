"""An example is valid by construction, unchanging and cheap to pickle."""

from __future__ import annotations

import dataclasses
import pickle

import pytest

from vqaft.data import VQAExample, question_kind
from vqaft.errors import DataError

EXAMPLE = VQAExample(id="1", image="a.png", question="Is it red?", answers=("yes", "yep"), metadata={"book": 3})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": " "}, "the id is empty"),
        ({"question": "\n"}, "example '1': the question is empty"),
        ({"answers": ("yes", "")}, "example '1': an answer is empty"),
        ({"answers": "yes"}, "not a tuple"),
        ({"kind": "CLOSED "}, "the kind is 'CLOSED ', neither 'closed' nor 'open'"),
    ],
)
def test_refuses_what_is_empty(change: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        dataclasses.replace(EXAMPLE, **change)  # type: ignore[arg-type]


def test_pickles() -> None:
    assert pickle.loads(pickle.dumps(EXAMPLE)) == EXAMPLE  # noqa: S301 - our own bytes


def test_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        EXAMPLE.id = "2"  # type: ignore[misc]
    with pytest.raises(TypeError):
        EXAMPLE.metadata["book"] = 4  # type: ignore[index]


def test_the_first_answer_is_the_canonical_one() -> None:
    assert EXAMPLE.answer == "yes"
    with pytest.raises(DataError, match="no answer is known"):
        _ = dataclasses.replace(EXAMPLE, answers=()).answer


@pytest.mark.parametrize(("answer", "kind"), [("Yes", "closed"), (" no ", "closed"), ("none", "open"), ("2", "open")])
def test_kind(answer: str, kind: str) -> None:
    assert question_kind(dataclasses.replace(EXAMPLE, answers=(answer,))) == kind
