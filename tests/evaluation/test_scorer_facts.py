from __future__ import annotations

import functools

from vqaft.evaluation import AnsweredExample, ExactMatch, LenientMatch
from vqaft.evaluation.scorer_facts import scorer_facts


def first(answered: AnsweredExample) -> bool:
    return answered.answer == "a"


def test_settings_tell_scorers_apart() -> None:
    scorers = (ExactMatch(), ExactMatch(), ExactMatch(case="keep"), LenientMatch())
    described = [scorer_facts(scorer) for scorer in scorers]
    assert described[0] == described[1]
    assert len({facts.description for facts in described}) == 3


def test_functions_are_told_apart_by_their_code() -> None:
    def make(text: str) -> object:
        return eval(f"lambda answered: answered.answer == {text!r}")  # noqa: S307 - the same name, another code

    assert scorer_facts(make("a")) == scorer_facts(make("a"))
    assert scorer_facts(make("a")) != scorer_facts(make("b"))
    assert "first" in scorer_facts(first).description


def test_functions_are_told_apart_by_what_is_bound_to_them() -> None:
    def make(limit: float) -> object:
        return lambda answered: len(answered.answer) < limit

    assert scorer_facts(make(1.0)) == scorer_facts(make(1.0))
    assert scorer_facts(make(1.0)) != scorer_facts(make(2.0))


def test_partials_and_plain_objects_have_no_address() -> None:
    class Own:
        def __init__(self, width: int) -> None:
            self.width = width

        def __call__(self, _: AnsweredExample) -> float:
            return 1.0

    assert scorer_facts(Own(1)) == scorer_facts(Own(1))
    assert scorer_facts(Own(1)) != scorer_facts(Own(2))
    one, other = functools.partial(first, b=1), functools.partial(first, b=2)  # type: ignore[call-arg]
    assert scorer_facts(one) != scorer_facts(other)
    assert " at 0x" not in scorer_facts(one).description + scorer_facts(Own(1)).description


def test_levels_are_read() -> None:
    class Labelled:
        levels = ("good", "bad")

        def __call__(self, _: AnsweredExample) -> float:
            return 1.0

    assert scorer_facts(Labelled()).levels == ("good", "bad")
