"""Run vqaft on a local Ray cluster and print what happened as JSON; started by test_ray_data.py without a network.

Ray opens ports on the machine's own address, so this runs in a network namespace that has the loopback device alone.
"""

from __future__ import annotations

import fcntl
import json
import os
import pickle
import signal
import socket
import struct
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import ray
from openai import OpenAI
from PIL import Image

from vqaft.backends import OpenAIBackend
from vqaft.data import DatasetSplitter, ImageTable, VQAExample
from vqaft.inference import ChatReply, ChatRequest, Prediction, Predictions
from vqaft.ray_data import hash_images, load_ray, predict_on_ray, to_ray, write_shards_on_ray
from vqaft.records import MessageBuilder, write_jsonl

SIOCSIFFLAGS, IFF_UP_RUNNING = 0x8914, 0x41


def bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP_RUNNING))


def make_examples(folder: Path, count: int) -> list[VQAExample]:
    made = []
    for number in range(count // 3):
        path = folder / f"{number}.png"
        pixels = Image.frombytes(
            "L", (48, 48), bytes((i * (number + 3) * 7 + i // 48 * number) % 251 for i in range(2304))
        )
        pixels.convert("RGB").save(path)
        made += [
            VQAExample(id=f"{number}-{n}", image=str(path), question=f"What is {n}?", answers=(str(number % 5),))
            for n in range(3)
        ]
    return made


class CountingServer:
    """A chat service that counts every question that reaches it, each second apart."""

    def __init__(self) -> None:
        self.questions: Counter[str] = Counter()
        self.times: list[float] = []
        lock = threading.Lock()
        counted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with lock:
                    counted.questions[body.decode()] += 1
                    counted.times.append(time.monotonic())
                time.sleep(0.05)
                reply = {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [CHOICE]}
                content = json.dumps(reply).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/v1"

    @property
    def seconds(self) -> float:
        return max(self.times) - min(self.times)


CHOICE = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "4"}}


class MakeBackend:
    """Makes the service in a worker; kills its first worker once, in mid-work, where a file says so."""

    def __init__(self, url: str, kill_once: Path | None = None) -> None:
        self.url, self.kill_once = url, kill_once

    def __call__(self) -> Any:
        service = OpenAIBackend(OpenAI(base_url=self.url, api_key="k", max_retries=0))
        return service if self.kill_once is None else Killing(service, self.kill_once)


class Killing:
    def __init__(self, inner: Any, once: Path) -> None:
        self.inner, self.once, self.asked = inner, once, 0

    def complete(self, request: ChatRequest) -> ChatReply:
        self.asked += 1
        if self.asked == 30:
            try:
                self.once.touch(exist_ok=False)
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return self.inner.complete(request)  # type: ignore[no-any-return]


class KillingBuilder(MessageBuilder):
    """A builder whose worker is killed once, in the middle of the second shard."""

    def settings(self) -> dict[str, Any]:
        return MessageBuilder().settings()

    def records(self, examples: Any, **options: Any) -> Any:
        for number, record in enumerate(super().records(examples, **options)):
            mark = Path(os.environ["VQAFT_TEST_MARK"])
            if number == 7 and not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            yield record


def content(files: Any) -> str:
    return "".join(Path(file.location).read_text() for file in files)


def main(folder: Path) -> dict[str, Any]:
    examples = make_examples(folder, 300)
    found: dict[str, Any] = {}
    table = hash_images(examples)
    splitter = DatasetSplitter(train=0.7, validation=0.1, test=0.2, seed=4)
    found["table"] = table == ImageTable.of(examples)
    found["split"] = splitter.split(examples, images=table) == splitter.split(examples)

    builder = MessageBuilder()
    write_jsonl(folder / "plain.jsonl", builder.records(examples), builder=builder)
    plain = (folder / "plain.jsonl").read_text()
    first = write_shards_on_ray(folder / "a" / "train.jsonl", examples, builder, rows=70)
    found["shards"] = [file.rows for file in first]
    found["same_bytes"] = content(first) == plain
    before = {file.location: Path(file.location).stat().st_mtime_ns for file in first}
    Path(first[1].location).unlink()
    Path(f"{first[1].location}.manifest.json").unlink()
    again = write_shards_on_ray(folder / "a" / "train.jsonl", examples, builder, rows=70)
    after = {file.location: Path(file.location).stat().st_mtime_ns for file in again}
    found["rewritten"] = sum(before[name] != after[name] for name in before)
    found["resumed_same"] = content(again) == plain
    killed = write_shards_on_ray(folder / "b" / "train.jsonl", examples, KillingBuilder(), rows=70)
    found["killed_once"] = Path(os.environ["VQAFT_TEST_MARK"]).exists()
    found["killed_same"] = content(killed) == plain
    shorter = write_shards_on_ray(folder / "a" / "train.jsonl", examples[:140], builder, rows=70)
    found["shorter"] = sorted(path.name for path in (folder / "a").glob("*.jsonl")) == [
        Path(file.location).name for file in shorter
    ]

    server = CountingServer()
    answers = predict_on_ray(
        MakeBackend(server.url), builder, [*examples, *examples_again(examples[:40])], model="m",
        journal=folder / "one.journal", requests_per_minute=6_000, max_workers=16,
    )  # fmt: skip
    found["answered"] = sum(prediction.answer == "4" for prediction in answers)
    found["ids"] = [prediction.example_id for prediction in answers][:3]
    found["paid_twice"] = sum(count > 1 for count in server.questions.values())
    found["asked"] = len(server.questions)
    found["seconds"] = server.seconds
    predict_on_ray(MakeBackend(server.url), builder, examples, model="m", journal=folder / "one.journal")
    found["asked_again"] = sum(server.questions.values()) - len(server.questions)

    second = CountingServer()
    after_kill = predict_on_ray(
        MakeBackend(second.url, folder / "killed"), builder, examples, model="m",
        journal=folder / "two.journal", max_workers=8,
    )  # fmt: skip
    found["worker_killed"] = (folder / "killed").exists()
    found["answered_after_kill"] = sum(prediction.answer == "4" for prediction in after_kill)
    found["paid_twice_after_kill"] = sum(second.questions.values()) - len(second.questions)

    rows = [{"image": (folder / f"{n}.png").read_bytes(), "question": "?", "answer": str(n)} for n in range(40)]
    from vqaft.data import Columns

    dataset = ray.data.from_items(rows).repartition(4)
    found["from_ray"] = [example.answer for example in load_ray(dataset, columns=Columns())] == [
        str(n) for n in range(40)
    ]
    found["to_ray"] = to_ray(answers).count()
    predictions = answered_in_the_cluster(examples[:30])
    found["in_cluster"] = [each.example_id for each in predictions] == [each.id for each in examples[:30]]
    found["images_shown"] = sorted({str(each.answer) for each in predictions})
    return found


class StandIn:
    """In place of `vllm.LLM`: its `chat` takes conversations, and says how many images each shows."""

    def chat(self, conversations: list[list[dict[str, Any]]]) -> list[str]:
        return [
            str(sum(part["type"] == "image_url" for message in each for part in message["content"]))
            for each in conversations
        ]


class Answer:
    """Answers batches of examples; one for each GPU of the cluster."""

    def __init__(self) -> None:
        self.llm, self.builder = StandIn(), MessageBuilder()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        examples: list[VQAExample] = [pickle.loads(each) for each in batch["example"]]  # noqa: S301 - our own
        answers = self.llm.chat([json.loads(self.builder.request_json(example)) for example in examples])
        return {"example_id": [example.id for example in examples], "answer": answers}


def answered_in_the_cluster(examples: list[VQAExample]) -> Predictions:
    """Run the recipe of the docs for weights that live in the cluster."""
    dataset = ray.data.from_items([{"example": pickle.dumps(example)} for example in examples])
    dataset.context.execution_options.preserve_order = True
    rows = dataset.map_batches(Answer, batch_size=16, compute=ray.data.ActorPoolStrategy(size=1)).iter_rows()
    made = (Prediction(example_id=row["example_id"], model="stand-in", answer=row["answer"]) for row in rows)
    return Predictions(made, settings={})


def examples_again(examples: list[VQAExample]) -> list[VQAExample]:
    return [
        VQAExample(id=f"again-{each.id}", image=each.image, question=each.question, answers=each.answers)
        for each in examples
    ]


if __name__ == "__main__":
    bring_loopback_up()
    work = Path(sys.argv[1])
    variables = {"PYTHONPATH": os.environ["PYTHONPATH"], "VQAFT_TEST_MARK": str(work / "builder-killed")}
    os.environ |= variables
    ray.init(
        num_cpus=2, include_dashboard=False, object_store_memory=150_000_000, log_to_driver=False,
        runtime_env={"env_vars": variables},
    )  # fmt: skip
    try:
        result = main(work)
    finally:
        ray.shutdown()
    print(json.dumps(result))  # noqa: T201 - read by the test
