"""A batch gives what single requests give, is made once, and is gone on with after a kill."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqaft.data import VQAExample
from vqaft.errors import DataError, QuotaError, RequestRefusedError, ServiceError, ServiceUnreachableError
from vqaft.inference import (
    Batch,
    BatchPredictor,
    ChatSettings,
    Prediction,
    Predictions,
    ShardLimits,
    TokenPrice,
    plan_run,
)
from vqaft.inference.batch.api import batch_line, write_shards
from vqaft.inference.batch.predictor import read_results
from vqaft.service import KEY, OnBytes, Page, RemoteFile, RetryPolicy

SETTINGS = ChatSettings(model="m")
Answer = Callable[[str, int], dict[str, Any] | None]


def said(text: str | None, **choice: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    body = {"choices": [{"message": message, "finish_reason": "stop", **choice}], "usage": {"prompt_tokens": 5}}
    return {"response": {"status_code": 200, "body": body}, "error": None}


class Service:
    """Keeps files and batches in memory; answers a batch when it is first looked at after its creation."""

    account = "http://service/v1#me"

    def __init__(self, answer: Answer | None = None, *, status: str = "completed") -> None:
        self.answer = answer or (lambda question, _: said(f"answer to {question}"))
        self.status = status
        self.files: dict[str, tuple[RemoteFile, bytes]] = {}
        self.batches: dict[str, Batch] = {}
        self.asked: Counter[str] = Counter()
        self.trouble: dict[str, list[Exception]] = {}

    def _meet(self, name: str) -> None:
        if self.trouble.get(name):
            raise self.trouble[name].pop(0)

    def keep(self, name: str, content: bytes) -> RemoteFile:
        file = RemoteFile(id=f"file-{len(self.files)}", filename=name, size_bytes=len(content))
        self.files[file.id] = (file, content)
        return file

    def upload_file(
        self, path: Path, *, filename: str, purpose: str = "fine-tune", on_bytes: OnBytes | None = None
    ) -> RemoteFile:
        assert (purpose, on_bytes is not None) == ("batch", True)
        return self.keep(filename, path.read_bytes())

    def list_files(self, *, purpose: str = "fine-tune", after: str | None = None) -> Page[RemoteFile]:
        assert (purpose, after) == ("batch", None)
        return Page(entries=tuple(file for file, _ in self.files.values()))

    def retrieve_file(self, file_id: str) -> RemoteFile:
        return self.files[file_id][0]

    def download_file(self, file_id: str) -> bytes:
        self._meet("download_file")
        return self.files[file_id][1]

    def create_batch(self, input_file: str, *, metadata: Mapping[str, str]) -> Batch:
        batch = Batch(id=f"batch-{len(self.batches)}", status="validating", metadata=dict(metadata))
        self.batches[batch.id] = batch
        lines = [json.loads(line) for line in self.files[input_file][1].splitlines()]
        results = [self._result(line) for line in reversed(lines)]
        good = [result for result in results if result and result["response"]]
        bad = [result for result in results if result and not result["response"]]
        names = [self.keep("r", b"".join(json.dumps(r).encode() + b"\n" for r in part)).id for part in (good, bad)]
        self.batches[batch.id] = replace(batch, output_file=names[0], error_file=names[1], done=0, total=len(lines))
        self._meet("create_batch")
        return batch

    def _result(self, line: dict[str, Any]) -> dict[str, Any] | None:
        question = line["body"]["messages"][0]["content"]
        self.asked[question] += 1
        result = self.answer(question, self.asked[question])
        return None if result is None else {"custom_id": line["custom_id"], **result}

    def retrieve_batch(self, batch_id: str) -> Batch:
        self._meet("retrieve_batch")
        return replace(self.batches[batch_id], status=self.status)

    def list_batches(self, *, after: str | None = None) -> Page[Batch]:
        assert after is None
        return Page(entries=tuple(reversed(self.batches.values())))


@pytest.fixture
def patient() -> RetryPolicy:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return RetryPolicy(sleep=sleep, clock=lambda: now[0])


@pytest.fixture
def predict(builder: Any, tmp_path: Path, patient: RetryPolicy) -> Callable[..., Predictions]:
    def run(service: Service, examples: list[VQAExample], **limits: int) -> Predictions:
        return BatchPredictor(
            service,
            builder,
            settings=SETTINGS,
            folder=tmp_path / "batch",
            limits=ShardLimits(**limits),
            retry=patient,
            progress=False,
        ).predict(examples)

    return run


def test_gives_answers_in_the_order_of_the_examples(predict: Any, examples: list[VQAExample]) -> None:
    service = Service()
    found = predict(service, examples, max_rows=15)
    assert [prediction.example_id for prediction in found] == [example.id for example in examples]
    assert [prediction.answer for prediction in found] == [f"answer to {example.question}" for example in examples]
    assert len(service.batches) == 3
    assert predict(service, examples) == found
    assert len(service.batches) == 3


def test_what_a_batch_left_unanswered_is_handed_over_again(predict: Any, examples: list[VQAExample]) -> None:
    lost: dict[str, Any] = {"q1": None, "q2": {"response": None, "error": {"code": "batch_expired", "message": "x"}}}
    service = Service(lambda question, count: lost.get(question, said("yes")) if count == 1 else said("late"))
    found = predict(service, examples)
    assert [found[1].answer, found[2].answer, found[3].answer] == ["late", "late", "yes"]
    assert sum(service.asked.values()) == 42


def test_failures_have_their_kinds(predict: Any, examples: list[VQAExample]) -> None:
    given = {
        "q0": said("half", finish_reason="length"),
        "q1": said(""),
        "q2": said(None, message={"content": None, "refusal": "no"}),
        "q3": {"response": {"status_code": 400, "body": {"error": {"code": "invalid_image", "message": "bad"}}}},
        "q4": {"response": None, "error": {"code": "unsupported_value", "message": "bad"}},
        "q5": None,
    }
    examples[6] = replace(examples[6], images=(b"broken",))
    service = Service(lambda question, _: given.get(question, said("yes")))
    found = predict(service, examples)
    kinds = [prediction.failure.kind for prediction in found.failed if prediction.failure]
    # What the service itself failed on is an unanswered request with an error of its own.
    assert kinds == ["truncated", "empty", "refused", "image", "rejected", "unreachable", "image"]
    assert service.asked["q5"] == 3
    assert service.asked["q0"] == 1


@pytest.mark.parametrize("status", ["expired", "cancelled"])
def test_a_batch_that_ended_half_way_gives_what_it_has(predict: Any, examples: list[VQAExample], status: str) -> None:
    service = Service(lambda question, _: said("yes") if question != "q9" else None, status=status)
    assert len(predict(service, examples).answered) == 39


def test_a_batch_that_failed_is_an_error(predict: Any, examples: list[VQAExample]) -> None:
    with pytest.raises(ServiceError, match="batch-0 failed"):
        predict(Service(lambda *_: None, status="failed"), examples)


def test_a_lost_answer_to_create_makes_one_batch(predict: Any, examples: list[VQAExample]) -> None:
    service = Service()
    service.trouble["create_batch"] = [ServiceUnreachableError("reset")]
    assert len(predict(service, examples).answered) == 40
    assert len(service.batches) == 1


@pytest.mark.parametrize("place", ["create_batch", "retrieve_batch", "download_file"])
def test_a_run_that_was_cut_off_is_gone_on_with(predict: Any, examples: list[VQAExample], place: str) -> None:
    service = Service()
    service.trouble[place] = [QuotaError("no money")]
    with pytest.raises(QuotaError):
        predict(service, examples)
    # New examples come first: the batch of the first run is collected all the same.
    more = [VQAExample(id="new", image=b"x", question="new"), *examples]
    assert len(predict(service, more).answered) == 41
    assert set(service.asked.values()) == {1}


def test_the_same_question_twice_is_asked_once(predict: Any, examples: list[VQAExample]) -> None:
    service = Service()
    twin = replace(examples[0], id="twin")
    found = predict(service, [*examples, twin])
    assert found[-1].answer == found[0].answer
    assert service.asked["q0"] == 1


@settings(deadline=None)  # the disk takes what it takes
@given(st.lists(st.integers(1, 50), max_size=40), st.integers(50, 120), st.integers(1, 9))
def test_shards_keep_the_limits_and_every_line(sizes: list[int], most: int, rows: int) -> None:
    import tempfile

    lines = [b"x" * (size - 1) + b"\n" for size in sizes]
    with tempfile.TemporaryDirectory() as folder:
        limits = ShardLimits(max_bytes=most, max_rows=rows)
        contents = [path.read_bytes() for path in write_shards(Path(folder), lines, limits=limits)]
    assert b"".join(contents) == b"".join(lines)
    assert all(0 < len(content) <= most and content.count(b"\n") <= rows for content in contents)


def test_a_request_that_no_batch_can_hold_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="a batch file holds 10"):
        list(write_shards(tmp_path, [b"x" * 11], limits=ShardLimits(max_bytes=10)))


@given(st.binary(max_size=300))
def test_no_result_file_breaks_it(content: bytes) -> None:
    assert all(isinstance(row, Prediction) for _, row in read_results(content, model="m"))


@pytest.mark.parametrize("value", [{}, {"custom_id": "a"}, {"custom_id": "a", "response": {"body": {"choices": [{}]}}}])
def test_a_result_without_an_answer_is_a_failure(value: dict[str, Any]) -> None:
    assert all(row.failure for _, row in read_results(json.dumps(value).encode(), model="m"))


def test_a_batch_line_is_a_request_with_its_key() -> None:
    line = json.loads(batch_line("k", SETTINGS.request(b"[1]").body()))
    assert (line["custom_id"], line["method"], line["url"]) == ("k", "POST", "/v1/chat/completions")
    assert line["body"]["messages"] == [1]


def test_a_plan_shows_both_ways(builder: Any, examples: list[VQAExample]) -> None:
    sample = Predictions(
        [Prediction(example_id="a", model="m", answer="x", latency_s=2.0, prompt_tokens=1000, completion_tokens=10)]
    )
    examples[0] = replace(examples[0], images=(b"broken",))
    plan = plan_run(
        builder,
        examples,
        settings=SETTINGS,
        sample=sample,
        price=TokenPrice(prompt=3.0, completion=15.0),
        max_workers=13,
        limits=ShardLimits(max_rows=20),
    )
    assert (plan.requests, plan.unsendable, plan.shards) == (39, 1, 2)
    assert plan.direct_cost == pytest.approx(39 * (1000 * 3 + 10 * 15) / 1e6)
    assert plan.batch_cost == pytest.approx(39 * (1000 * 3 + 10 * 15) / 2e6)
    assert plan.direct_s == pytest.approx(6.0)
    assert "39 requests" in str(plan)
    assert "cost not known" in str(plan_run(builder, examples, settings=SETTINGS))


def test_an_unknown_refusal_is_raised(predict: Any, examples: list[VQAExample]) -> None:
    service = Service()
    service.trouble["create_batch"] = [RequestRefusedError("no batches here", status=404)]
    with pytest.raises(RequestRefusedError):
        predict(service, examples)


def test_answers_that_the_service_deleted_are_an_outcome(predict: Any, examples: list[VQAExample]) -> None:
    service = Service()
    service.trouble["download_file"] = [RequestRefusedError("no such file", status=404)] * 2  # of the first batch alone
    with pytest.warns(UserWarning, match="deleted the answers of batch batch-0"):
        found = predict(service, examples, max_rows=20)
    assert len(found.answered) == 20
    assert {prediction.failure.message for prediction in found.failed if prediction.failure} == {
        "the service has deleted the answers of batch batch-0; run the same again to ask, and pay, again"
    }
    assert set(service.asked.values()) == {1}
    assert len(predict(service, examples, max_rows=20).answered) == 40
    assert Counter(service.asked.values()) == Counter({1: 20, 2: 20})


def test_a_batch_that_is_gone_leaves_the_others_within_reach(predict: Any, examples: list[VQAExample]) -> None:
    service = Service()
    service.trouble["retrieve_batch"] = [RequestRefusedError("no such batch", status=404)]
    listed = service.list_batches
    service.list_batches = lambda **_: replace(listed(), entries=())  # type: ignore[method-assign]
    with pytest.warns(UserWarning, match="batch batch-0 is gone"):
        found = predict(service, examples, max_rows=20)
    assert len(found.answered) == 20


def test_one_missing_answer_about_a_batch_is_checked_against_the_list(predict: Any, examples: list[VQAExample]) -> None:
    service = Service()
    service.trouble["retrieve_batch"] = [RequestRefusedError("no such batch", status=404)]
    assert len(predict(service, examples).answered) == 40


def test_a_second_answer_to_one_request_is_told(predict: Any, examples: list[VQAExample]) -> None:
    class Confused(Service):
        def keep(self, name: str, content: bytes) -> RemoteFile:
            first = content.split(b"\n")[0]
            if name == "r" and first:
                content += first.replace(b"answer to", b"no answer to") + b"\n"
                content += first.replace(first[15:47], b"f" * 32) + b"\n"
            return super().keep(name, content)

    with pytest.warns(UserWarning, match="delivered 1") as caught:
        found = predict(Confused(), examples)
    words = " ".join(str(warning.message) for warning in caught)
    assert "1 second, different answers" in words
    assert "1 answers to requests that were not in it" in words
    assert [prediction.answer for prediction in found] == [f"answer to {example.question}" for example in examples]


def test_a_batch_of_a_service_without_metadata_is_found_by_its_file(predict: Any, examples: list[VQAExample]) -> None:
    class Plain(Service):
        def create_batch(self, input_file: str, *, metadata: Mapping[str, str]) -> Batch:
            assert KEY in metadata
            batch = super().create_batch(input_file, metadata={})
            self.batches[batch.id] = replace(batch, metadata={}, input_file=input_file, output_file="file-1")
            self._meet("after_create")
            return self.batches[batch.id]

    service = Plain()
    service.trouble["after_create"] = [ServiceUnreachableError("lost")]
    assert len(predict(service, examples).answered) == 40
    assert len(service.batches) == 1
