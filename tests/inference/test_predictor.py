"""Answers in order, failures as values, and a stop where going on is useless."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vqaft.data import VQAExample
from vqaft.errors import (
    AuthenticationError,
    ModelRetiredError,
    QuotaError,
    RateLimitError,
    RequestRefusedError,
    ServiceError,
    ServiceUnreachableError,
    StateError,
)
from vqaft.inference import ChatReply, Journal, Predictions, Predictor, RateLimitedBackend, TokenPrice, predict_models
from vqaft.service import Ledger, RetryPolicy


def predictor(service: Any, builder: Any, **settings: Any) -> Predictor:
    return Predictor(service, builder, **{"model": "m", "max_workers": 4, "progress": False, **settings})


def test_answers_come_in_the_order_of_the_examples(model: Any, builder: Any, examples: list[VQAExample]) -> None:
    found = predictor(model(), builder, temperature=0.5, seed=3).predict(examples)
    assert [prediction.example_id for prediction in found] == [example.id for example in examples]
    assert [prediction.answer for prediction in found] == [f"answer to {example.question}" for example in examples]
    assert found.settings == {"model": "m", "temperature": 0.5, "max_tokens": 300, "seed": 3}
    assert repr(found) == "Predictions(m: 40 of 40 answered)"


def test_nothing_to_ask_gives_nothing(model: Any, builder: Any) -> None:
    assert len(predictor(model(), builder).predict([])) == 0


REPLIES = [
    (ChatReply(text="", finish_reason="stop"), "empty"),
    (ChatReply(text=None, finish_reason="stop"), "empty"),
    (ChatReply(text=" \n", finish_reason="stop"), "empty"),
    (ChatReply(text="half an ans", finish_reason="length"), "truncated"),
    (ChatReply(text="x", finish_reason="content_filter"), "content_filter"),
    (ChatReply(text=None, finish_reason="stop", refusal="I will not"), "refused"),
    (RequestRefusedError("bad", status=400), "rejected"),
    (RequestRefusedError("filtered", status=400, code="content_filter"), "content_filter"),
    (RequestRefusedError("image", status=400, code="invalid_image_url"), "image"),
    (ServiceUnreachableError("down"), "unreachable"),
    (RateLimitError("slow", status=429), "rate_limit"),
]


@pytest.mark.parametrize(("given", "kind"), REPLIES)
def test_a_failure_is_a_value_of_its_own_kind(
    model: Any, builder: Any, examples: list[VQAExample], given: ChatReply | ServiceError, kind: str
) -> None:
    service = model(lambda question, _: given if question == "q7" else "yes")
    patient = RateLimitedBackend(
        service, retry=RetryPolicy(unavailable_timeout_s=0.02, rate_limit_timeout_s=0.02, first_wait_s=0.001)
    )
    found = predictor(patient, builder).predict(examples)
    assert [(prediction.example_id, prediction.failure.kind) for prediction in found.failed if prediction.failure] == [
        ("e7", kind)
    ]
    assert found[7].answer is None
    assert len(found.answered) == 39


def test_an_image_that_cannot_be_sent_costs_no_request(model: Any, builder: Any, examples: list[VQAExample]) -> None:
    service = model()
    examples[0] = replace(examples[0], images=(b"broken",))
    found = predictor(service, builder).predict(examples)
    assert found[0].failure is not None
    assert (found[0].failure.kind, found[0].attempts) == ("image", 0)
    assert sum(service.asked.values()) == 39


@pytest.mark.parametrize("error", [AuthenticationError("key"), QuotaError("money"), ModelRetiredError("name")])
def test_what_every_request_would_meet_costs_one_request(
    model: Any, builder: Any, examples: list[VQAExample], error: ServiceError
) -> None:
    service = model(lambda *_: error)
    with pytest.raises(type(error)):
        predictor(service, builder, max_workers=16).predict(examples)
    assert sum(service.asked.values()) == 1


def test_nobody_there_is_raised_soon(model: Any, builder: Any, examples: list[VQAExample]) -> None:
    service = model(lambda *_: ServiceUnreachableError("nobody"))
    with pytest.raises(ServiceUnreachableError, match="nobody"):
        predictor(
            RateLimitedBackend(service, retry=RetryPolicy(unavailable_timeout_s=0.01, first_wait_s=0.004)), builder
        ).predict(examples)
    assert service.most_under_way == 1
    assert sum(service.asked.values()) < 10


def test_money_that_runs_out_loses_no_answer(
    model: Any, builder: Any, examples: list[VQAExample], tmp_path: Path
) -> None:
    left = threading.Semaphore(15)
    service = model(lambda question, _: question if left.acquire(blocking=False) else QuotaError("no money"))
    with pytest.raises(QuotaError) as caught:
        predictor(service, builder).predict(examples, journal=tmp_path / "journal.jsonl")
    assert isinstance(caught.value.partial, Predictions)
    assert len(caught.value.partial.answered) == 15
    richer = model(lambda question, _: question)
    found = predictor(richer, builder).predict(examples, journal=tmp_path / "journal.jsonl")
    assert [prediction.answer for prediction in found] == [example.question for example in examples]
    assert sum(richer.asked.values()) == 25


def test_a_second_run_asks_only_what_is_missing(
    model: Any, builder: Any, examples: list[VQAExample], tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    first = predictor(model(), builder).predict(examples[:30], journal=path)
    service = model()
    shuffled = [*examples[20:], *examples[:20]]
    again = predictor(service, builder).predict(shuffled, journal=path)
    assert sorted(service.asked) == sorted(example.question for example in examples[30:])
    by_id = {prediction.example_id: prediction for prediction in again}
    assert [by_id[prediction.example_id] for prediction in first] == list(first)


@pytest.mark.parametrize("change", [{"model": "other"}, {"temperature": 1.0}, {"seed": 1}, {"max_tokens": 9}])
def test_another_request_is_another_answer(
    model: Any, builder: Any, examples: list[VQAExample], tmp_path: Path, change: dict[str, Any]
) -> None:
    path = tmp_path / "journal.jsonl"
    predictor(model(), builder).predict(examples, journal=path)
    service = model()
    predictor(service, builder, **change).predict(examples, journal=path)
    assert sum(service.asked.values()) == 40


def test_passing_failures_are_asked_again_and_final_ones_kept(
    model: Any, builder: Any, examples: list[VQAExample], tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    given = {"q3": ServiceUnreachableError("down"), "q4": ChatReply(text="", finish_reason="stop")}
    service = model(lambda question, _: given.get(question, "yes"))
    patient = RateLimitedBackend(service, retry=RetryPolicy(unavailable_timeout_s=0.0))
    predictor(patient, builder).predict(examples, journal=path)
    later = model()
    found = predictor(later, builder).predict(examples, journal=path)
    assert set(later.asked) == {"q3"}
    assert [prediction.example_id for prediction in found.failed] == ["e4"]


def test_a_second_process_is_refused(model: Any, builder: Any, examples: list[VQAExample], tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    with Journal(path), pytest.raises(StateError, match=f"in use by process {os.getpid()}"):
        predictor(model(), builder).predict(examples, journal=path)


def test_many_requests_are_under_way_at_once_but_no_more_than_asked_for(
    model: Any, builder: Any, examples: list[VQAExample]
) -> None:
    service = model()
    service.delay_s = 0.01
    predictor(service, builder, max_workers=8).predict(examples * 3)
    assert 4 <= service.most_under_way <= 8


def test_transient_failures_are_mended(
    model: Any, builder: Any, examples: list[VQAExample], quick: RetryPolicy
) -> None:
    def answer(question: str, count: int) -> Any:
        errors = (RateLimitError("slow", status=429), ServiceUnreachableError("reset"))
        return errors[count - 1] if count <= 2 else question

    service = model(answer)
    found = predictor(RateLimitedBackend(service, retry=quick), builder).predict(examples)
    assert len(found.answered) == 40
    assert {prediction.attempts for prediction in found} == {3}


def test_a_mistake_in_the_builder_is_raised_as_it_is(model: Any, examples: list[VQAExample]) -> None:
    class Broken:
        def request_json(self, example: VQAExample) -> bytes:
            raise KeyError(example.id)

    with pytest.raises(KeyError):
        predictor(model(), Broken()).predict(examples)


def test_a_run_stands_in_the_ledger(model: Any, builder: Any, examples: list[VQAExample], tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    service = model(lambda *_: ChatReply(text="yes", prompt_tokens=5, completion_tokens=1))
    predictor(service, builder).predict(examples, ledger=ledger)
    (entry,) = ledger.entries("predicted", model="m")
    assert (entry["answered"], entry["prompt_tokens"], entry["completion_tokens"]) == (40, 200, 40)


def test_a_budget_stops_the_run_and_loses_nothing(
    model: Any, builder: Any, examples: list[VQAExample], tmp_path: Path
) -> None:
    service = model(lambda *_: ChatReply(text="yes", prompt_tokens=9, completion_tokens=1))
    paced = RateLimitedBackend(service, most_tokens=100)
    with pytest.raises(QuotaError, match="budget of 100 tokens") as caught:
        predictor(paced, builder, max_workers=2).predict(examples, journal=tmp_path / "journal.jsonl")
    assert 100 <= paced.used_tokens <= 110
    assert len(caught.value.partial) * 10 == paced.used_tokens
    predictor(service, builder).predict(examples, journal=tmp_path / "journal.jsonl")
    assert sum(service.asked.values()) == 40


def test_ctrl_c_stops_and_says_how_to_go_on(
    model: Any, builder: Any, examples: list[VQAExample], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(question: str, _count: int) -> str:
        if question == "q9":
            signal.raise_signal(signal.SIGINT)
        return question

    path = tmp_path / "journal.jsonl"
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            predictor(model(answer), builder, max_workers=1, progress=True).predict(examples, journal=path)
    finally:
        signal.signal(signal.SIGINT, previous)
    assert f"9 answers are in {path}; run the same again" in "".join(capsys.readouterr())
    later = model()
    predictor(later, builder).predict(examples, journal=path)
    assert sum(later.asked.values()) == 31


def test_the_bar_shows_what_was_spent_and_not_what_the_journal_had(
    model: Any, builder: Any, examples: list[VQAExample], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "journal.jsonl"
    reply = ChatReply(text="yes", finish_reason="stop", prompt_tokens=1_000_000, completion_tokens=100_000)
    predictor(model(lambda *_: reply), builder).predict(examples[:30], journal=path)
    paced = RateLimitedBackend(model(lambda *_: reply), price=TokenPrice(prompt=2.5, completion=10.0))
    predictor(paced, builder, progress=True).predict(examples, journal=path)
    assert paced.spent_dollars == pytest.approx(10 * (2.5 + 1.0))
    assert "spent=$35.00" in capsys.readouterr().err


def test_each_model_is_paid_at_its_own_price(
    model: Any, builder: Any, examples: list[VQAExample], capsys: pytest.CaptureFixture[str]
) -> None:
    reply = ChatReply(text="yes", finish_reason="stop", prompt_tokens=1_000_000, completion_tokens=100_000)
    prices = {"base": TokenPrice(prompt=2.5, completion=10.0), "tuned": TokenPrice(prompt=3.75, completion=15.0)}
    paced = RateLimitedBackend(model(lambda *_: reply), price=prices)
    predict_models(paced, builder, examples, models=["base", "tuned"])
    assert paced.spent_dollars == pytest.approx(40 * (3.5 + 5.25))
    assert "spent=$350.00" in capsys.readouterr().err
    predict_models(paced, builder, examples[:1], models=["another"])
    assert paced.spent_dollars is None
    assert "spent" not in capsys.readouterr().err


def test_of_processes_that_race_for_a_journal_one_wins(tmp_path: Path) -> None:
    code = (
        "import sys, time; from vqaft.errors import StateError; from vqaft.inference.journal import Journal\n"
        "try:\n    held = Journal('journal.jsonl')\nexcept StateError as error:\n    print(error)\nelse:\n"
        "    print('won', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": tmp_path}
    racers: list[Any] = [subprocess.Popen(command, **pipes) for _ in range(3)]  # noqa: S603
    said = [racer.stdout.readline() for racer in racers]
    for racer in racers:
        racer.communicate()
    assert sum("won" in line for line in said) == 1
    winner = next(racer.pid for racer, line in zip(racers, said, strict=True) if "won" in line)
    assert all(f"in use by process {winner}" in line for line in said if "won" not in line)


def test_several_models_get_the_same_requests_in_turn(
    model: Any, builder: Any, examples: list[VQAExample], tmp_path: Path
) -> None:
    service = model()
    found = predict_models(
        service,
        builder,
        examples,
        models=["base", "tuned"],
        max_workers=1,
        journal=tmp_path / "j.jsonl",
        progress=False,
    )
    assert service.models == ["base", "tuned"] * 40
    bodies = [replace(request, model="") for request in service.requests]
    assert bodies[::2] == bodies[1::2]
    assert [(len(part.answered), part.settings["model"]) for part in found] == [(40, "base"), (40, "tuned")]


def test_predictions_survive_their_file(model: Any, builder: Any, examples: list[VQAExample], tmp_path: Path) -> None:
    odd = {"q1": ChatReply(text="\ud800 lone, \u2028 line, \x00 nul", finish_reason="stop"), "q2": ChatReply(text=None)}
    found = predictor(model(lambda question, _: odd.get(question, "yes")), builder).predict(examples)
    path = found.write(tmp_path / "predictions.jsonl")
    again = Predictions.read(path)
    assert again == found
    assert again.settings == found.settings
    assert hash(again) == hash(found)
    assert again[:3] == found[:3]
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(StateError):
        Predictions.read(path)


def test_predictions_become_a_frame(model: Any, builder: Any, examples: list[VQAExample]) -> None:
    pytest.importorskip("pandas", reason="needs pandas")
    odd = {"q2": ChatReply(text=None)}
    frame = predictor(model(lambda question, _: odd.get(question, "yes")), builder).predict(examples).to_pandas()
    assert list(frame["failure_kind"].dropna()) == ["empty"]
    assert len(frame) == 40
