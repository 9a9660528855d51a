"""Run vqaft on a Ray cluster of three nodes, kill one while it works, and print what happened as JSON.

Started by test_ray_nodes.py in a network namespace with loopback alone. The driver's node has no CPU for tasks; the
second is held busy until the third, on which hashing, shards and predictions all have a task in mid-work, is killed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ray
from openai import OpenAI
from ray._private import services
from ray.cluster_utils import Cluster

from tests.ray.cluster_laws import CountingServer, bring_loopback_up, content, make_examples
from vqaft.backends import OpenAIBackend
from vqaft.data import DatasetSplitter, ImageTable, VQAExample
from vqaft.inference import ChatReply, ChatRequest
from vqaft.ray_data import hash_images, predict_on_ray, write_shards_on_ray
from vqaft.records import MessageBuilder, write_jsonl

WORK = Path(os.environ["VQAFT_TEST_WORK"])
OPERATIONS = ("hash", "shards", "predict")
WAIT_S = 600.0


def wait_for(path: Path) -> None:
    limit = time.monotonic() + WAIT_S
    while not path.exists():
        if time.monotonic() > limit:
            raise TimeoutError(path)
        time.sleep(0.05)


def stay_if_doomed(operation: str) -> None:
    """On the node that is to be killed, the first task of an operation says that it is there, and goes no further."""
    doomed = WORK / "doomed"
    if not doomed.exists() or ray.get_runtime_context().get_node_id() != doomed.read_text():
        return
    try:
        (WORK / operation).touch(exist_ok=False)
    except FileExistsError:
        return
    wait_for(WORK / "never")


class Image(Mapping[str, Any]):
    """An image dict whose reading can be held up."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __getitem__(self, key: str) -> Any:
        stay_if_doomed("hash")
        return Path(self.path).read_bytes() if key == "bytes" else None

    def __iter__(self) -> Iterator[str]:
        return iter(("bytes", "path"))

    def __len__(self) -> int:
        return 2


class Builder(MessageBuilder):
    """A builder that can be held up in the middle of a shard."""

    def settings(self) -> dict[str, Any]:
        return MessageBuilder().settings()

    def records(self, examples: Any, **settings: Any) -> Any:
        for number, record in enumerate(super().records(examples, **settings)):
            if number == 5:
                stay_if_doomed("shards")
            yield record


class Backend:
    """A service that can be held up after some questions."""

    def __init__(self, url: str) -> None:
        self.inner, self.asked = OpenAIBackend(OpenAI(base_url=url, api_key="k", max_retries=0)), 0

    def complete(self, request: ChatRequest) -> ChatReply:
        self.asked += 1
        if self.asked == 10:
            stay_if_doomed("predict")
        return self.inner.complete(request)


class MakeBackend:
    def __init__(self, url: str) -> None:
        self.url = url

    def __call__(self) -> Backend:
        return Backend(self.url)


list_nodes: Callable[[], list[dict[str, Any]]] = ray.nodes
shutdown: Callable[[], None] = ray.shutdown


def be_patient() -> None:
    """Give a node more than the 30 seconds that Ray has for its start: on a busy machine it needs them."""
    get_node: Callable[..., Any] = services.get_node

    def get_node_at_last(*arguments: Any) -> Any:
        limit = time.monotonic() + WAIT_S
        while True:
            try:
                return get_node(*arguments)
            except RuntimeError:
                if time.monotonic() > limit:
                    raise
                time.sleep(0.2)

    services.get_node = get_node_at_last


def with_killed_node(cluster: Any, examples: list[VQAExample], server: CountingServer) -> dict[str, Any]:
    """Start all operations, kill the node that works on them, and return their results."""
    doomed = cluster.add_node(num_cpus=4, object_store_memory=100_000_000)
    (WORK / "doomed").write_text(doomed.node_id)
    held = [VQAExample(id=e.id, image=Image(str(e.image)), question=e.question, answers=e.answers) for e in examples]
    calls: dict[str, Callable[[], Any]] = {
        "hash": lambda: hash_images(held[::3]),
        "shards": lambda: write_shards_on_ray(WORK / "shards.d" / "train.jsonl", examples, Builder(), rows=40),
        "predict": lambda: predict_on_ray(
            MakeBackend(server.url), MessageBuilder(), examples, model="m", journal=WORK / "journal", max_workers=8
        ),
    }
    with ThreadPoolExecutor(len(calls)) as pool:
        running = {name: pool.submit(call) for name, call in calls.items()}
        for name in OPERATIONS:
            wait_for(WORK / name)
        (WORK / "release").touch()
        cluster.remove_node(doomed, allow_graceful=False)
        results = {name: future.result() for name, future in running.items()}
    wait_for_death(doomed.node_id)
    return results


def wait_for_death(node_id: str) -> None:
    """Wait until Ray knows that a node is dead: its heartbeats have to fail first."""
    limit = time.monotonic() + WAIT_S
    while any(node["Alive"] for node in list_nodes() if node["NodeID"] == node_id):
        if time.monotonic() > limit:
            raise TimeoutError(node_id)
        time.sleep(0.05)


def main(cluster: Any) -> dict[str, Any]:
    examples = make_examples(WORK, 120)
    write_jsonl(WORK / "plain.jsonl", MessageBuilder().records(examples), builder=MessageBuilder())
    plain = (WORK / "plain.jsonl").read_text()
    busy = cluster.add_node(num_cpus=1, object_store_memory=100_000_000, resources={"second": 1})
    held = ray.remote(resources={"second": 0.1})(wait_for).remote(WORK / "release")
    found: dict[str, Any] = {}
    server = CountingServer()
    results = with_killed_node(cluster, examples, server)
    ray.get(held)
    found["nodes"] = sorted(node["Alive"] for node in list_nodes())
    found["held_up"] = [name for name in OPERATIONS if (WORK / name).exists()]
    found["table"] = results["hash"] == ImageTable.of(examples[::3])
    splitter = DatasetSplitter(train=0.7, validation=0.0, test=0.3, seed=4)
    found["split"] = splitter.split(examples[::3], images=results["hash"]) == splitter.split(examples[::3])
    found["same_bytes"] = content(results["shards"]) == plain
    found["shards"] = sorted(path.name for path in (WORK / "shards.d").glob("*.jsonl"))
    found["answered"] = sum(prediction.answer == "4" for prediction in results["predict"])
    found["ids"] = [prediction.example_id for prediction in results["predict"]] == [each.id for each in examples]
    found["asked"], found["paid_twice"] = len(server.questions), server.questions.total() - len(server.questions)
    before = {file.location: Path(file.location).stat().st_mtime_ns for file in results["shards"]}
    again = write_shards_on_ray(WORK / "shards.d" / "train.jsonl", examples, Builder(), rows=40)
    found["rewritten"] = sum(Path(file.location).stat().st_mtime_ns != before[file.location] for file in again)
    alone = write_shards_on_ray(WORK / "alone" / "train.jsonl", examples, MessageBuilder(), rows=30)
    found["one_worker"] = content(alone) == plain
    del busy
    return found


if __name__ == "__main__":
    bring_loopback_up()
    variables = {name: os.environ[name] for name in ("PYTHONPATH", "VQAFT_TEST_WORK")}
    be_patient()
    started: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": 100_000_000})
    ray.init(address=started.address, log_to_driver=False, runtime_env={"env_vars": variables})
    try:
        result = main(started)
    finally:
        shutdown()
        started.shutdown()
    print(json.dumps(result))  # noqa: T201 - read by the test
