"""It is shown to learn: a real architecture, trained through the real server, answers about images it has not seen.

The control is the same questions with the images shuffled: whoever answers those too has not looked.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from tests.engines.transformers.forking import ForkServer
from vqaft.data import DatasetSplitter, VQAExample, load_easy_vqa
from vqaft.engines import TransformersEngine, export_model
from vqaft.engines.transformers.launch import TRAIN_MODULE
from vqaft.records import MessageBuilder, write_jsonl
from vqaft.server import LocalServer
from vqaft.testing import ThreadServer

GERMAN = {
    "black": "schwarz",
    "blue": "blau",
    "brown": "braun",
    "gray": "grau",
    "green": "hellgrün",
    "red": "rot",
    "teal": "türkis",
    "yellow": "gelb",
}
BUILDER = MessageBuilder(system="Answer in one word.")


class Colors:
    """Questions about colors in easy-vqa, split by image; the answers in German for the second lesson."""

    def __init__(self, folder: Path) -> None:
        asked = [example for example in load_easy_vqa() if example.answers[0] in GERMAN]
        split = DatasetSplitter(train=2150, validation=40, test=75, seed=1).split(asked)
        self.train = self._written(folder / "train.jsonl", split.train)
        german = [self._german(example) for example in split.train[:320]]
        self.german = self._written(folder / "german.jsonl", german)
        self.valid = self._written(folder / "valid.jsonl", [self._german(example) for example in split.validation])
        self.both = folder / "both.jsonl"
        self.both.write_bytes(self.train.read_bytes() + self.german.read_bytes())
        self.test = split.test

    @staticmethod
    def _german(example: VQAExample) -> VQAExample:
        return replace(example, answers=(GERMAN[example.answers[0]],))

    @staticmethod
    def _written(path: Path, examples: Any) -> Path:
        write_jsonl(path, map(BUILDER.record, examples))
        return path

    def accuracy(self, client: OpenAI, model: str, *, shuffled: bool = False, german: bool = False) -> float:
        """Share of right answers; shuffled, each question is asked about the image of one far away."""
        images = [example.images for example in self.test]
        shift = len(images) // 2 if shuffled else 0

        def right(place: int) -> bool:
            example = replace(self.test[place], images=images[(place + shift) % len(images)])
            messages: Any = json.loads(BUILDER.request_json(example))
            said = client.chat.completions.create(model=model, messages=messages, max_completion_tokens=12)
            wanted = GERMAN[example.answers[0]] if german else example.answers[0]
            return said.choices[0].message.content == wanted

        with ThreadPoolExecutor(16) as pool:
            return sum(pool.map(right, range(len(images)))) / len(images)


def wait(client: OpenAI, job: str, *, until: Callable[[Any], bool] | None = None) -> Any:
    end = time.monotonic() + 400
    done = until or (lambda found: found.status in {"succeeded", "failed", "cancelled"})
    while not done(found := client.fine_tuning.jobs.retrieve(job)):
        assert time.monotonic() < end, found
        time.sleep(0.1)
    return found


def start(client: OpenAI, model: str, file: Path, settings: Any, *, valid: Path | None = None) -> str:
    uploaded = client.files.create(file=file, purpose="fine-tune").id
    checked = None if valid is None else client.files.create(file=valid, purpose="fine-tune").id
    names = {"n_epochs", "batch_size", "learning_rate_multiplier"}
    hyper: Any = {name: value for name, value in settings.items() if name in names}
    extra = {name: value for name, value in settings.items() if name not in names}
    job = client.fine_tuning.jobs.create(
        model=model,
        training_file=uploaded,
        validation_file=checked,
        seed=1,
        method={"type": "supervised", "supervised": {"hyperparameters": hyper}},
        extra_body=extra,
    )
    return job.id


@pytest.fixture(scope="module")
def colors(tmp_path_factory: pytest.TempPathFactory) -> Colors:
    return Colors(tmp_path_factory.mktemp("colors"))


Server = LocalServer | ThreadServer


@pytest.fixture(scope="module")
def client_of() -> Iterator[Callable[[Server], OpenAI]]:
    made: list[OpenAI] = []

    def connect(server: Server) -> OpenAI:
        client = OpenAI(base_url=server.base_url, api_key=server.api_key, max_retries=0, timeout=120)
        made.append(client)
        return client

    yield connect
    for client in made:
        client.close()


@pytest.fixture(scope="module")
def engine_of(forks: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], TransformersEngine]:
    """Make the engine of a folder, as a server does; its ranks are forks, and what it finds out is found out once."""
    cache = tmp_path_factory.mktemp("cache")
    module = forks.command(TRAIN_MODULE)
    return lambda folder: TransformersEngine(folder, gpus=0, cache=cache, train_module=module)


@pytest.fixture(scope="module")
def seeing(
    tiny: Callable[..., Path],
    colors: Colors,
    engine_of: Callable[[Path], TransformersEngine],
    client_of: Callable[[Server], OpenAI],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A model that learnt to name colors in English, as a folder."""
    folder = tmp_path_factory.mktemp("first")
    with ThreadServer(folder, engines={"random": engine_of(tiny("idefics3", rows=colors.both))}) as server:
        client = client_of(server)
        settings = {"n_epochs": 1, "batch_size": 32, "learning_rate_multiplier": 200.0, "full_finetuning": True}
        job = wait(client, start(client, "random", colors.train, settings))
        assert job.status == "succeeded", job.error
        assert job.trained_tokens > 40 * 4000
        tuned = job.fine_tuned_model
        assert colors.accuracy(client, tuned) > 0.9
        assert colors.accuracy(client, tuned, shuffled=True) < 0.3
        return export_model(folder / "models" / job.id, tmp_path_factory.mktemp("seeing") / "model")


def test_a_model_trained_from_random_weights_sees(seeing: Path) -> None:
    assert (seeing / "model.safetensors").is_file()
    assert json.loads((seeing / "vqaft.json").read_text())["kind"] == "full"


@pytest.fixture(scope="module")
def german(
    seeing: Path,
    colors: Colors,
    engine_of: Callable[[Path], TransformersEngine],
    client_of: Callable[[Server], OpenAI],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Path, OpenAI, Any]]:
    """Folder and client of a server on which LoRA taught the model to answer in German."""
    folder = tmp_path_factory.mktemp("server")
    with ThreadServer(folder, engines={"english": engine_of(seeing)}) as server:
        client = client_of(server)
        settings = {"n_epochs": 4, "batch_size": 16, "learning_rate_multiplier": 100.0, "lora_dropout": 0.1}
        whole = start(client, "english", colors.german, settings, valid=colors.valid)
        yield folder, client, (whole, wait(client, whole), settings)


def test_lora_teaches_a_model_that_sees(german: tuple[Path, OpenAI, Any], colors: Colors) -> None:
    _, client, (_, job, _) = german
    assert job.status == "succeeded", job.error
    assert colors.accuracy(client, "english", german=True) == 0
    assert colors.accuracy(client, job.fine_tuned_model, german=True) > 0.9
    assert colors.accuracy(client, job.fine_tuned_model, german=True, shuffled=True) < 0.3


def test_a_job_tells_its_steps_checkpoints_and_tokens(german: tuple[Path, OpenAI, Any]) -> None:
    _, client, (name, job, _) = german
    events = list(client.fine_tuning.jobs.list_events(name, limit=100))
    measured: list[Any] = [event.data for event in events if event.type == "metrics"]
    last = measured[0]
    assert last["step"] == last["total_steps"] == 80
    assert {"train_loss", "learning_rate", "rows_per_s", "memory_gib", "train_answer_accuracy"} <= last.keys()
    assert last["full_valid_loss"] < measured[-1]["train_loss"]
    assert last["valid_answer_accuracy"] > 0.8
    checkpoints = list(client.fine_tuning.jobs.checkpoints.list(name))
    assert [checkpoint.step_number for checkpoint in checkpoints] == [80, 60, 40]
    assert job.trained_tokens % 4 == 0
    table = client.files.content(job.result_files[0]).text.splitlines()
    assert len(table) == 81
    kept = client.models.retrieve(checkpoints[-1].fine_tuned_model_checkpoint)
    assert kept.id.endswith(":ckpt-step-40")


def test_a_paused_job_ends_with_the_very_adapter_of_one_that_was_not(
    german: tuple[Path, OpenAI, Any], colors: Colors
) -> None:
    folder, client, (whole, _, settings) = german
    again = start(client, "english", colors.german, settings, valid=colors.valid)
    started = _step_reached(client, again, 30)
    client.fine_tuning.jobs.pause(again)
    assert client.fine_tuning.jobs.retrieve(again).status == "queued"
    client.fine_tuning.jobs.resume(again)
    job = wait(client, again)
    assert job.status == "succeeded", job.error
    messages = [event.message for event in client.fine_tuning.jobs.list_events(again, limit=100)]
    assert any(message.startswith("Resumed after step") for message in messages), (started, messages)
    table = client.files.content(job.result_files[0]).text.splitlines()
    assert [line.partition(",")[0] for line in table[1:]] == [str(step) for step in range(1, 81)]
    first, second = (_digest(folder / "models" / name) for name in (whole, again))
    assert first == second


def test_the_merged_export_answers_as_the_adapter_does(
    german: tuple[Path, OpenAI, Any],
    colors: Colors,
    engine_of: Callable[[Path], TransformersEngine],
    client_of: Callable[[Server], OpenAI],
    tmp_path: Path,
) -> None:
    folder, client, (name, job, _) = german
    adapter = folder / "models" / name
    merged = export_model(adapter, tmp_path / "merged", merged=True)
    assert not (merged / "adapter_config.json").exists()
    plain = export_model(adapter, tmp_path / "plain")
    named = json.loads((plain / "adapter_config.json").read_text())["base_model_name_or_path"]
    assert Path(named).is_absolute()
    expected = [said_by(client, job.fine_tuned_model, example) for example in colors.test[:12]]
    with LocalServer(models={"merged": merged}, gpus=0) as other:
        asked = client_of(other)
        assert [said_by(asked, "merged", example) for example in colors.test[:12]] == expected
    with ThreadServer(tmp_path / "server", engines={"served": engine_of(plain)}) as other:
        asked = client_of(other)
        assert [said_by(asked, "served", example) for example in colors.test[:12]] == expected


def said_by(client: OpenAI, model: str, example: VQAExample) -> str | None:
    messages: Any = json.loads(BUILDER.request_json(example))
    said = client.chat.completions.create(model=model, messages=messages, max_completion_tokens=12)
    return said.choices[0].message.content


def _step_reached(client: OpenAI, job: str, step: int) -> int:
    def far_enough(found: Any) -> bool:
        assert found.status not in {"failed", "succeeded"}, found
        newest = client.fine_tuning.jobs.list_events(job, limit=1).data
        data: Any = newest[0].data if newest else None
        return bool(data) and data.get("step", 0) >= step

    wait(client, job, until=far_enough)
    return step


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()
