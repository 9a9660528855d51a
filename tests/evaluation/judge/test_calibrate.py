from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import Image

from vqaft.data import VQAExample
from vqaft.errors import EvaluationError
from vqaft.evaluation import (
    AnsweredExample,
    HumanLabel,
    LLMJudge,
    Rating,
    calibrate,
    measure_consistency,
    measure_family_preference,
    measure_length_preference,
)
from vqaft.images import ImageEncoder


def label(number: int, level: str, answer: str | None = None) -> HumanLabel:
    example = VQAExample(id=str(number), image=bytes([number // 2 % 256]), question="Q?", answers=("truth",))
    return HumanLabel(answered=AnsweredExample(example=example, answer=answer or f"{level} {number}"), level=level)


def kind(data: dict[str, str]) -> str:
    """Reads the level from the answer, but takes every third "Mostly" for "Very"."""
    level, number = data["candidate"].rsplit(" ", 1)
    return "Very Similar" if level == "Mostly Similar" and int(number) % 3 == 0 else level


def test_agreement_bias_and_confusion(scripted_judge: Any) -> None:
    judge = LLMJudge(scripted_judge(kind), model="judge", canary=False)
    labels = [label(number, list(Rating)[number % 4]) for number in range(80)]
    found = calibrate(judge, labels, resamples=300)
    mistaken = sum(number % 4 == 1 and number % 3 == 0 for number in range(80))
    assert found.n == 80
    assert found.confusion[1] == (mistaken, 20 - mistaken, 0, 0)
    assert found.agreement.value == pytest.approx(1 - mistaken / 80)
    assert found.bias.value == pytest.approx(mistaken / 3 / 80)
    for estimate in (found.kappa, found.alpha, found.agreement, found.bias):
        assert estimate.value is not None
        assert estimate.interval is not None
        assert estimate.interval.low < estimate.value < estimate.interval.high or estimate is found.bias
    assert "weighted kappa 0.9" in found.words
    assert "people \\ judge" in str(found)
    assert "<table>" in found._repr_html_()


def test_ratings_that_failed_are_counted(scripted_judge: Any) -> None:
    judge = LLMJudge(scripted_judge(lambda data: data["candidate"]), model="judge", canary=False)
    found = calibrate(judge, [label(1, "Incorrect", "Incorrect"), label(2, "Incorrect", "no level")])
    assert (found.n, found.failed) == (1, 1)
    assert "no rating to 1" in found.words
    assert found.kappa.value is None


def test_what_cannot_be_calibrated_is_an_error(scripted_judge: Any) -> None:
    judge = LLMJudge(scripted_judge(lambda _: "no level"), model="judge")
    with pytest.raises(EvaluationError, match="no label"):
        calibrate(judge, [])
    with pytest.raises(EvaluationError, match="none of the judge's levels"):
        calibrate(judge, [label(1, "Superb")])
    with pytest.raises(EvaluationError, match="rated none"):
        calibrate(judge, [label(1, "Incorrect")])


def test_repeats_and_swaps_are_measured(scripted_judge: Any) -> None:
    """A judge that prefers what it reads last, and once changes its mind."""
    asked: list[str] = []

    def moody(data: dict[str, str]) -> str:
        asked.append(data["candidate"])
        swapped = list(data).index("candidate") < list(data).index("reference")
        number = int(data["candidate"].split()[-1])
        if swapped and number % 2:
            return "Incorrect"
        second = asked.count(data["candidate"]) == 2
        return "Somewhat Similar" if number == 4 and second else "no level" if number == 6 else "Very Similar"

    judge = LLMJudge(scripted_judge(moody), model="judge")
    rows = [label(number, "Incorrect").answered for number in range(10)]
    found = measure_consistency(judge, rows, max_workers=1)
    assert (found.n, found.failed) == (9, 1)
    assert found.repeats.value == pytest.approx(8 / 9)
    assert found.swaps.value == pytest.approx(4 / 9)
    assert "opposite order" in str(found)


def test_each_repeat_has_a_seed_of_its_own(scripted_judge: Any) -> None:
    backend = scripted_judge(lambda _: "Incorrect")
    measure_consistency(LLMJudge(backend, model="judge"), [label(1, "x").answered], repeats=3)
    assert [request.seed for request in backend.requests] == [None, 1, 2, None]


def test_consistency_is_measured_with_the_image(scripted_judge: Any, tmp_path: Path) -> None:
    Image.new("RGB", (40, 30), "red").save(tmp_path / "red.png")
    example = VQAExample(id="1", image=tmp_path / "red.png", question="Color?", answers=("red",))
    backend = scripted_judge(lambda _: "Incorrect")
    judge = LLMJudge(backend, model="judge", encoder=ImageEncoder())
    measure_consistency(judge, [AnsweredExample(example=example, answer="blue")])
    contents = [orjson.loads(request.messages)[1]["content"] for request in backend.requests]
    assert [[part["type"] for part in content] for content in contents] == [["text", "image_url"]] * 3


def test_people_are_compared_with_each_other_and_every_answer_is_judged_once(scripted_judge: Any) -> None:
    backend = scripted_judge(lambda _: "Incorrect")
    judge = LLMJudge(backend, model="judge", canary=False)
    labels = []
    for number in range(40):
        first = list(Rating)[number % 4]
        second = list(Rating)[(number + 1) % 4] if number < 10 else first
        for person, level in (("ann", first), ("ben", second)):
            one = label(number, level, answer=f"answer {number}")
            labels.append(HumanLabel(answered=one.answered, level=level, person=person))
    found = calibrate(judge, labels, resamples=200)
    assert len(backend.requests) == 40
    assert (found.n, found.people and found.people.n) == (80, 40)
    assert found.people is not None
    assert found.people.share.value == pytest.approx(0.75)
    assert "agree with each other in 75" in found.words
    alone = calibrate(judge, labels[::2], resamples=200)
    assert alone.people is None
    assert "No answer was rated by two people" in alone.words


def test_a_few_labels_that_agree_are_not_perfect_agreement(scripted_judge: Any) -> None:
    judge = LLMJudge(scripted_judge(lambda data: data["candidate"]), model="judge", canary=False)
    found = calibrate(judge, [label(1, "Incorrect", "Incorrect"), label(1, "Very Similar", "Very Similar")])
    for estimate in (found.kappa, found.alpha):
        assert estimate.value == 1
        assert estimate.interval is not None
        assert estimate.interval.low < 0
        assert estimate.interval.high == 1
    assert "1.00 (1.00 to 1.00)" not in found.words


def test_a_preference_for_length_is_found_and_a_fair_judge_has_none(scripted_judge: Any) -> None:
    rows = [label(number, "Incorrect", answer="blue").answered for number in range(0, 80, 2)]
    rows += [label(number, "Incorrect", answer=f"green {number}").answered for number in range(81, 160, 2)]
    lengthy = LLMJudge(
        scripted_judge(lambda data: "Mostly Similar" if len(data["candidate"]) > 60 else "Incorrect"),
        model="judge",
        canary=False,
    )
    found = measure_length_preference(lengthy, rows, max_workers=1)
    assert (found.n, found.is_shown) == (80, True)
    assert found.effect.value == pytest.approx(2 / 3)
    fair = LLMJudge(
        scripted_judge(lambda data: "Very Similar" if "green" in data["candidate"] else "Incorrect"),
        model="judge",
        canary=False,
    )
    assert not measure_length_preference(fair, rows, max_workers=1).is_shown


def test_a_preference_for_the_own_family_is_told_from_a_better_model(scripted_judge: Any) -> None:
    """Both judges find the first model better; one of them likes its style, too."""

    def judge(bonus: bool) -> LLMJudge:  # noqa: FBT001 - a choice within this test
        def rate(data: dict[str, str]) -> str:
            model, number = data["candidate"].split()
            right = int(number) % (3 if model == "alpha" else 2) != 0
            liked = bonus and model == "alpha" and int(number) % 5 == 0
            return "Very Similar" if right or liked else "Incorrect"

        return LLMJudge(scripted_judge(rate), model="judge", canary=False)

    sides = [[label(n, "Incorrect", f"{model} {n}").answered for n in range(300)] for model in ("alpha", "beta")]
    found = measure_family_preference(judge(bonus=True), judge(bonus=False), *sides, max_workers=1)
    assert found.is_shown
    assert found.effect.value == pytest.approx(20 / 300)
    assert not measure_family_preference(judge(bonus=False), judge(bonus=False), *sides, max_workers=1).is_shown
    assert "own family" in str(found)


def test_nothing_to_measure_is_an_error(scripted_judge: Any) -> None:
    judge = LLMJudge(scripted_judge(lambda _: "Incorrect"), model="judge")
    with pytest.raises(EvaluationError):
        measure_consistency(judge, [])
    with pytest.raises(EvaluationError):
        measure_consistency(judge, [label(1, "x").answered], repeats=1)


def test_without_any_whole_rating_there_is_no_share(scripted_judge: Any) -> None:
    judge = LLMJudge(scripted_judge(lambda _: "no level"), model="judge")
    found = measure_consistency(judge, [label(1, "x").answered])
    assert (found.n, found.failed, found.repeats.value) == (0, 1, None)
