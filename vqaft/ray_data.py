"""vqaft on a Ray cluster: hash images, write shards and predict on many machines, with the results of one machine.

What is decided once (the split, statistics, the report) stays on the driver. What is repeated (hashing, encoding,
asking) runs in Ray tasks, whose retries are harmless: a shard is cut by row number and appears under its number when it
is whole, and answers go through one journal and one rate limit on the driver's node. Needs the extra `ray`.

    table = hash_images(examples)                                      # images are read by the cluster
    split = DatasetSplitter().split(examples, images=table)            # the same split as on one machine
    write_shards_on_ray("s3://bucket/train.jsonl", split.train, builder)
"""

from __future__ import annotations

import hashlib
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from os import PathLike
from pathlib import Path
from typing import Any

from vqaft.data import Columns, ImageHash, ImageTable, VQAExample, hash_image, load_hf
from vqaft.errors import DataError, MissingExtraError
from vqaft.filesystem import require_local
from vqaft.inference import (
    ChatBackend,
    ChatReply,
    ChatRequest,
    ChatSettings,
    Journal,
    Prediction,
    Predictions,
    Predictor,
    RequestBuilder,
    TokenBucket,
)
from vqaft.records import Manifest, MessageBuilder, WrittenFile, remove_shards_after, shard_name, write_jsonl

_IMAGES_A_TASK = 200
_EXAMPLES_A_TASK = 250
_RETRIES = 3
_CALLS = 1_000  # of the shared state at the same time: threads that mostly wait
_BEAT_EVERY_S = 2.0
_LOST_AFTER_S = 20.0
_FINGERPRINT = "examples_sha256"


def load_ray(dataset: Any, *, columns: Columns, prefix: str = "") -> Iterator[VQAExample]:
    """Read examples from a `ray.data.Dataset`, in its order: parquet, images, Lance, Iceberg, whatever Ray reads.

    Args:
        dataset: The dataset. Its rows keep their order only with `preserve_order` in Ray's execution options, which
            this sets for the run.
        columns: Which column holds what.
        prefix: Goes before every id that no column gives.

    Yields:
        The examples.

    Raises:
        DataError: If there is no row, a column is missing, or a value has the wrong form.
    """
    dataset.context.execution_options.preserve_order = True
    yield from load_hf(dataset.iter_rows(), columns=columns, prefix=prefix)


def to_ray(predictions: Iterable[Prediction]) -> Any:
    """Return predictions as a `ray.data.Dataset`, a row a prediction."""
    rows = [asdict(prediction) for prediction in predictions]
    return _ray().data.from_items(rows)


def hash_images(examples: Iterable[VQAExample], *, looks: bool = True, transformed: bool = False) -> ImageTable:
    """Hash the images of examples on the cluster; at most 1 KB an image comes back to the driver.

    Args:
        examples: The examples; their images must be reachable from every node: URLs, a shared disk, or bytes.
        looks: Whether to compute perceptual hashes too.
        transformed: Whether to compute the sketches too that `DatasetSplitter(transformed=True)` needs.

    Returns:
        The table for `DatasetSplitter.split(examples, images=table)`, equal to `ImageTable.of(examples)`.

    Raises:
        ImageError: If an image cannot be read; it names the example.
    """
    ray = _ray()

    def hash_part(part: Sequence[tuple[Any, str]]) -> list[ImageHash]:
        return [hash_image(item, looks=looks, transformed=transformed) for item in part]

    def hash_all(sources: Sequence[tuple[Any, str]]) -> list[ImageHash]:
        task = ray.remote(max_retries=_RETRIES)(hash_part)
        parts = [sources[start : start + _IMAGES_A_TASK] for start in range(0, len(sources), _IMAGES_A_TASK)]
        return list(itertools.chain.from_iterable(_results(ray, [task.remote(part) for part in parts])))

    return ImageTable.of(examples, looks=looks, transformed=transformed, hash_all=hash_all)


def write_shards_on_ray(
    path: str | PathLike[str], examples: Iterable[VQAExample], builder: MessageBuilder, *, rows: int = 2_000
) -> tuple[WrittenFile, ...]:
    """Write training shards on the cluster, one task a shard: the same bytes for any number of workers and retries.

    A shard depends on its examples and the builder alone. Shards whose manifest names the same examples and settings
    are kept, so that a second run writes only what is missing. Shards of an earlier, longer run are removed.

    Args:
        path: The name that theirs are made from, e.g. `s3://bucket/train.jsonl`; reachable from every node.
        examples: The training examples, on the driver (some 0.5 KB each); their images never are.
        builder: Makes the rows; it must pickle.
        rows: Rows of a shard, at least 1.

    Returns:
        What was written or kept, in order.

    Raises:
        DataError: If `rows` is less than 1, or a file that follows has no manifest.
        ImageError: If an image cannot be sent; it names the example.
    """
    if rows < 1:
        raise DataError(f"rows={rows}", hint="A shard has at least one row.")
    ray = _ray()
    everything = tuple(examples)
    kept_builder = ray.put(builder)
    task = ray.remote(max_retries=_RETRIES)(_write_shard)
    parts = [everything[start : start + rows] for start in range(0, len(everything), rows)]
    written = [task.remote(shard_name(path, number), part, kept_builder) for number, part in enumerate(parts, start=1)]
    files = tuple(_results(ray, written))
    remove_shards_after(path, len(files))
    return files


def _write_shard(name: str | Path, examples: Sequence[VQAExample], builder: MessageBuilder) -> WrittenFile:
    settings = json.loads(
        json.dumps({**builder.settings(), _FINGERPRINT: _fingerprint(examples)})
    )  # as a manifest has it
    try:
        manifest = Manifest.read(name)
    except DataError:
        manifest = None
    if manifest is not None and dict(manifest.settings) == settings:
        return WrittenFile(
            location=str(name),
            rows=manifest.rows,
            size_bytes=manifest.size_bytes,
            xxh3_128=manifest.xxh3_128,
            sha256=manifest.sha256,
        )
    written = write_jsonl(name, builder.records(examples, max_workers=1), builder=builder)
    replace(Manifest.read(name), settings=settings).write(name)
    return written


def _fingerprint(examples: Sequence[VQAExample]) -> str:
    """Hash what decides the rows of examples: their texts and the contents of their images."""
    digest = hashlib.sha256()
    for example in examples:
        images = [hash_image((image, example.id), looks=False).sha256 for image in example.images]
        digest.update(repr((example.id, example.question, example.answers, example.history, images)).encode())
    return digest.hexdigest()


def predict_on_ray(
    make_backend: Callable[[], ChatBackend],
    builder: RequestBuilder,
    examples: Iterable[VQAExample],
    *,
    model: str | ChatSettings,
    journal: str | PathLike[str],
    requests_per_minute: float | None = None,
    tasks: int = 2,
    max_workers: int | None = None,
) -> Predictions:
    """Ask a model about examples from several machines, with one journal and one rate limit for all of them.

    A worker that is killed loses at most the answers that it was waiting for; everything else is paid once. Where one
    process reaches the account's limit (some 500 requests/s), a `Predictor` is simpler and as fast.

    Args:
        make_backend: Makes the service in each worker, since clients do not pickle.
        builder: Turns examples into messages; it must pickle.
        examples: What to ask about.
        model: The model's name, or all settings.
        journal: A file on the driver's local disk that every answer is written to before it counts.
        requests_per_minute: The account's limit, over all workers and retries.
        tasks: The most Ray tasks that run concurrently, each with `max_workers` threads.
        max_workers: The most requests that a task runs concurrently; 32 if None.

    Returns:
        A prediction for each example, in their order.

    Raises:
        ServiceError: If no further request can succeed.
        StateError: If another process works on the journal, or the disk is full.
    """
    ray = _ray()
    here = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
        ray.get_runtime_context().get_node_id(), soft=False
    )
    settings = model if isinstance(model, ChatSettings) else ChatSettings(model=model)
    shared = (
        ray.remote(_SharedState)
        .options(num_cpus=0, max_concurrency=_CALLS, scheduling_strategy=here)
        .remote(str(require_local(journal, purpose="a journal").resolve()), requests_per_minute)
    )
    everything = list(examples)
    size = max(1, min(_EXAMPLES_A_TASK, -(-len(everything) // (4 * tasks))))
    parts = [everything[start : start + size] for start in range(0, len(everything), size)]
    task = ray.remote(max_retries=_RETRIES)(_ask_part)

    def begin(number: int) -> Any:
        return task.remote(make_backend, builder, parts[number], settings, (number, shared), max_workers)

    try:
        found = _run_window(ray, begin, count=len(parts), most=tasks)
    finally:
        ray.get(shared.close.remote())
        ray.kill(shared)
    return Predictions(itertools.chain.from_iterable(found), settings=settings.as_dict())


def _run_window(ray: Any, begin: Callable[[int], Any], *, count: int, most: int) -> list[list[Prediction]]:
    """Begin calls 0 to `count` so that at most `most` run, and return their results in order."""
    running: dict[Any, int] = {}
    results: dict[int, list[Prediction]] = {}
    numbers = iter(range(count))
    while len(results) < count:
        for number in itertools.islice(numbers, most - len(running)):
            running[begin(number)] = number
        done, _ = ray.wait(list(running), num_returns=1)
        for each in done:
            results[running.pop(each)] = _results(ray, [each])[0]
    return [results[number] for number in range(count)]


def _ask_part(
    make_backend: Callable[[], ChatBackend],
    builder: RequestBuilder,
    examples: Sequence[VQAExample],
    settings: ChatSettings,
    owner: tuple[int, Any],
    max_workers: int | None,
) -> list[Prediction]:
    number, shared = owner
    store = _RemoteJournal(shared, number)
    backend = _SharedRate(make_backend(), shared)
    predictor = Predictor(backend, builder, model=settings, max_workers=max_workers, progress=False)
    return list(predictor.predict(examples, journal=store))


class _SharedState:
    """The one journal and the one rate limit of a run, in an actor on the driver's node."""

    def __init__(self, journal: str, requests_per_minute: float | None) -> None:
        self._journal = Journal(journal)
        self._bucket = TokenBucket(requests_per_minute, clock=time.monotonic)
        self._change = threading.Condition()
        self._asking: dict[str, int] = {}
        self._alive_at: dict[int, float] = {}

    def begin(self, owner: int) -> None:
        """Drop the claims of an earlier try of the same task, whose worker died."""
        with self._change:
            self._alive_at[owner] = time.monotonic()
            self._asking = {key: who for key, who in self._asking.items() if who != owner}
            self._change.notify_all()

    def beat(self, owner: int) -> None:
        """Record that a task's worker lives."""
        self._alive_at[owner] = time.monotonic()

    def find(self, key: str, owner: int) -> Prediction | None:
        """Return the answer to a request, or None for the one that shall ask; others wait until it has asked."""
        with self._change:
            while True:
                known = self._journal.find(key, example_id="")
                if known is not None:
                    return known
                asking = self._asking.get(key, owner)
                if asking == owner or time.monotonic() - self._alive_at[asking] > _LOST_AFTER_S:
                    self._asking[key] = owner
                    return None
                self._change.wait(timeout=1.0)

    def keep(self, key: str, prediction: Prediction) -> None:
        """Write an answer down, and let those who wait for it have it."""
        with self._change:
            self._journal.keep(key, prediction)
            self._asking.pop(key, None)
            self._change.notify_all()

    def take(self) -> float:
        """Return the seconds to wait before the next request may be sent."""
        return self._bucket.take(1)

    def close(self) -> None:
        """Close the journal."""
        self._journal.__exit__(None, None, None)


class _RemoteJournal:
    """The shared journal, as a worker sees it."""

    def __init__(self, shared: Any, owner: int) -> None:
        self._shared = shared
        self._owner = owner
        self._ray = _ray()
        self._ray.get(shared.begin.remote(owner))
        threading.Thread(target=self._beat, daemon=True).start()

    path = "the journal on the driver's node"

    def _beat(self) -> None:
        while True:
            time.sleep(_BEAT_EVERY_S)
            self._shared.beat.remote(self._owner)

    def find(self, key: str, *, example_id: str) -> Prediction | None:
        """Return what was answered to a request, or None for the one that shall ask."""
        found: Prediction | None = self._ray.get(self._shared.find.remote(key, self._owner))
        return None if found is None else replace(found, example_id=example_id)

    def keep(self, key: str, prediction: Prediction) -> None:
        """Write a prediction down on the driver's node."""
        self._ray.get(self._shared.keep.remote(key, prediction))


class _SharedRate:
    """A backend that waits for the run's rate limit before every request, retries included."""

    def __init__(self, backend: ChatBackend, shared: Any) -> None:
        self._backend = backend
        self._shared = shared
        self._ray = _ray()

    def __repr__(self) -> str:
        return repr(self._backend)

    @property
    def account(self) -> str:
        """The service's account, where it says it."""
        return str(getattr(self._backend, "account", self._backend))

    def complete(self, request: ChatRequest) -> ChatReply:
        """Wait for the rate limit, then ask; see `ChatBackend`."""
        time.sleep(self._ray.get(self._shared.take.remote()))
        return self._backend.complete(request)


def _results(ray: Any, references: Sequence[Any]) -> list[Any]:
    """Return the results of tasks; an error of ours is raised as itself, not as Ray's wrapper."""
    try:
        return list(ray.get(list(references)))
    except ray.exceptions.RayTaskError as error:
        raise (error.cause if isinstance(getattr(error, "cause", None), Exception) else error) from None


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("ray", extra="ray") from error
    return ray


__all__ = ["hash_images", "load_ray", "predict_on_ray", "to_ray", "write_shards_on_ray"]
