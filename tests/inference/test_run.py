"""A run pays equal requests once, ends soon after Ctrl-C, and says what the machine could not do."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from vqaft.data import VQAExample
from vqaft.errors import DataError, QuotaError, StateError
from vqaft.inference import ChatReply, Predictor
from vqaft.inference.run import affordable_workers


def predictor(service: Any, builder: Any, **settings: Any) -> Predictor:
    return Predictor(service, builder, **{"model": "m", "max_workers": 16, "progress": False, **settings})


def equal(count: int) -> list[VQAExample]:
    return [VQAExample(id=f"e{number}", image=b"x", question="the same") for number in range(count)]


@pytest.mark.parametrize("name", ["journal", None])
def test_equal_requests_are_paid_once(model: Any, builder: Any, tmp_path: Path, name: str | None) -> None:
    service = model()
    service.delay_s = 0.02
    found = predictor(service, builder).predict(equal(100), journal=name and tmp_path / name)
    assert service.asked == Counter({"the same": 1})
    assert [prediction.example_id for prediction in found] == [f"e{number}" for number in range(100)]
    assert len(found.answered) == 100


def test_equal_requests_share_a_failure_and_a_fatal_error(model: Any, builder: Any) -> None:
    silent = model(lambda *_: ChatReply(text="", finish_reason="stop"))
    found = predictor(silent, builder).predict(equal(30))
    assert {prediction.failure.kind for prediction in found if prediction.failure} == {"empty"}
    assert silent.asked["the same"] == 1
    broke = model(lambda *_: QuotaError("no money"))
    with pytest.raises(QuotaError):
        predictor(broke, builder).predict(equal(30))
    assert broke.asked["the same"] == 1


@pytest.mark.parametrize("work", ["predict", "upload"])
def test_the_first_ctrl_c_ends_a_run_whose_service_hangs(tmp_path: Path, work: str) -> None:
    (tmp_path / "train.jsonl").write_bytes(b"x" * 1000)
    code = f"""
        import socket, sys, threading
        from pathlib import Path
        import openai
        from vqaft.backends import OpenAIBackend
        from vqaft.data import VQAExample
        from vqaft.inference import Predictor, RateLimitedBackend
        from vqaft.service import MultipartPolicy
        from vqaft.tuning import FineTuneClient

        server = socket.create_server(("127.0.0.1", 0), backlog=64)
        address = f"http://127.0.0.1:{{server.getsockname()[1]}}/v1"
        REPLY = b'{{"id":"upload-1","choices":[{{"message":{{"content":"red"}}}}]}}'

        def serve():  # the first request is answered, all others hang
            is_first, kept = True, []
            while True:
                peer, _ = server.accept()
                kept.append(peer)
                peer.recv(65536)
                if is_first:
                    head = f"HTTP/1.1 200 OK\\r\\ncontent-length: {{len(REPLY)}}\\r\\nconnection: close\\r\\n\\r\\n"
                    peer.sendall(head.encode() + REPLY)
                    is_first = False
                else:
                    print("hangs", flush=True)

        threading.Thread(target=serve, daemon=True).start()
        backend = OpenAIBackend(openai.OpenAI(api_key="k", base_url=address))

        class Builder:
            def request_json(self, example):
                return b'[{{"content":"%s"}}]' % example.question.encode()

        if {work!r} == "predict":
            examples = [VQAExample(id=str(n), image=b"x", question=str(n)) for n in range(64)]
            Predictor(backend, Builder(), model="m", max_workers=8, progress=False).predict(examples, journal="journal")
        else:
            sizes = MultipartPolicy(above_bytes=10, part_bytes=100)
            FineTuneClient(backend, ledger="ledger", sizes=sizes, progress=False).upload("train.jsonl")
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    run = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603
    assert run.stdout is not None
    assert run.stdout.readline() == "hangs\n"
    began = time.monotonic()
    run.send_signal(signal.SIGINT)
    _, words = run.communicate(timeout=30)
    assert time.monotonic() - began < 5  # two seconds on a machine that does nothing else
    assert run.returncode == -signal.SIGINT or "KeyboardInterrupt" in words


def test_an_answer_that_comes_after_the_end_is_not_written_without_its_lock(builder: Any, tmp_path: Path) -> None:
    from vqaft.inference import Journal, Prediction

    journal = Journal(tmp_path / "j")
    with journal:
        pass
    with pytest.raises(StateError, match="closed"):
        journal.keep("k", Prediction(example_id="a", model="m", answer="late"))


def test_few_descriptors_mean_few_workers() -> None:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(os.listdir("/dev/fd"))  # noqa: PTH208 - names alone
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 80, limits[1]))
    try:
        with pytest.warns(UserWarning, match="raise `ulimit -n`"):
            assert 20 <= affordable_workers(2000) <= 40
        assert affordable_workers(4) == 4
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize("number", ["EMFILE", "ENOMEM", "EIO"])
def test_trouble_of_the_machine_is_not_a_broken_image(model: Any, number: str) -> None:
    import errno

    class Tired:
        def request_json(self, example: VQAExample) -> bytes:
            if example.id == "e9":
                raise OSError(getattr(errno, number), os.strerror(getattr(errno, number)), "image.png")
            return b'[{"role":"user","content":"%s"}]' % example.id.encode()

    examples = [VQAExample(id=f"e{number}", image=b"x", question="q") for number in range(12)]
    with pytest.raises(StateError, match=r"image\.png") as caught:
        predictor(model(), Tired(), max_workers=1).predict(examples)
    assert len(caught.value.partial) == 9


def test_a_backend_that_returns_a_text_is_named(builder: Any, examples: list[VQAExample]) -> None:
    class Careless:
        def complete(self, _: Any) -> Any:
            return "red"

    with pytest.raises(DataError, match=r"Careless\.complete returned a str"):
        predictor(Careless(), builder).predict(examples)


def test_threads_of_a_run_do_not_outlive_it(model: Any, builder: Any, examples: list[VQAExample]) -> None:
    before = threading.active_count()
    predictor(model(), builder).predict(examples)
    assert threading.active_count() == before
