"""A training's life on the CPU: architectures, faults on purpose, two processes, and a server that is killed."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from tests.engines.transformers.forking import ForkServer
from vqaft.chat import ImagePart, ImageURL, UserMessage, read_jsonl
from vqaft.engines import (
    ChatTurn,
    ModelFolder,
    Progress,
    StreamingModel,
    TrainingMetrics,
    TrainingNote,
    TrainingResult,
    TrainingTask,
    TransformersEngine,
)
from vqaft.engines.transformers.folder import read_header
from vqaft.engines.transformers.launch import TRAIN_MODULE
from vqaft.errors import DataError, RecordError, StateError, TrainingError
from vqaft.server import LocalServer
from vqaft.testing import TrainingFaults

Tiny = Callable[..., Path]


class Run:
    """One training of the paint rows by an engine of its own."""

    def __init__(self, engine: TransformersEngine, rows: Path, folder: Path) -> None:
        folder.mkdir()
        self.engine = engine
        self.rows, self.folder = rows, folder
        self.told: list[Progress] = []

    def train(self, **settings: Any) -> TrainingResult:
        values: dict[str, Any] = {"n_epochs": 1, "batch_size": 4, "learning_rate_multiplier": 20.0, "seed": 3}
        task = TrainingTask(training_file=self.rows, folder=self.folder, **{**values, **settings})
        self.engine.check(task)
        return self.engine.train(task, self.told.append)

    @property
    def losses(self) -> list[float]:
        return [step.train_loss for step in self.told if isinstance(step, TrainingMetrics)]

    @property
    def warnings(self) -> list[str]:
        return [note.message for note in self.told if isinstance(note, TrainingNote) and note.level == "warn"]


NewRun = Callable[..., Run]


@pytest.fixture
def new_run(tiny: Tiny, forks: ForkServer, paint_rows: Path, tmp_path: Path) -> NewRun:
    """Make a run of the tiny Idefics3 whose ranks are forks, with faults on purpose where there are some."""
    base = tiny("idefics3")

    def make(name: str = "job", *, faults: TrainingFaults | None = None, gpus: int = 0) -> Run:
        module = forks.command(*((TRAIN_MODULE,) if faults is None else faults.module))
        engine = TransformersEngine(base, gpus=gpus, cache=base.parent / "cache", train_module=module)
        return Run(engine, paint_rows, tmp_path / name)

    return make


@pytest.mark.parametrize(
    "architecture",
    [
        "llava",
        pytest.param(
            "qwen2_5_vl",
            marks=pytest.mark.skipif(find_spec("torchvision") is None, reason="Qwen's processors need torchvision"),
        ),
    ],
)
def test_a_task_file_is_trained_by_a_command_and_its_folder_served(
    tiny: Tiny, forks: ForkServer, paint_rows: Path, tmp_path: Path, architecture: str
) -> None:
    cache, folder = tmp_path / "cache", tmp_path / "job"
    folder.mkdir()
    engine = TransformersEngine(tiny(architecture), gpus=0, cache=cache)
    asked = TrainingTask(training_file=paint_rows, folder=folder, n_epochs=1, batch_size=4, options={"lora_r": 4})
    task, plan = engine.plan(asked)
    assert (plan.ranks, plan.micro) == (1, 4)
    command = [sys.executable, "-m", *forks.command(TRAIN_MODULE, str(task.write()))]
    done = subprocess.run(command, check=True, capture_output=True, text=True, stdin=subprocess.DEVNULL)  # noqa: S603
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["step"] for event in events if event["event"] == "step"] == [1, 2, 3]
    assert events[-1]["event"] == "done"
    names = read_header(folder / "adapter_model.safetensors")
    assert len(names) == 2 * 14
    assert all(".language_model." in name for name in names)
    served = TransformersEngine(folder, gpus=0, cache=cache)
    try:
        _answers_as_alone(served, paint_rows)
    finally:
        served.close()


def _answers_as_alone(engine: TransformersEngine, rows: Path) -> None:
    """Check answers in batches, in pieces and in JSON against those of one question at a time."""
    model = engine.load(None)
    assert isinstance(model, StreamingModel)
    questions = [
        ChatTurn(messages=row.messages[:-1], max_tokens=4 + place) for place, row in enumerate(read_jsonl(rows))
    ]
    alone = [model.answer(question) for question in questions]
    with ThreadPoolExecutor(len(questions)) as pool:
        assert list(pool.map(model.answer, questions)) == alone
    *pieces, whole = model.stream(questions[0])
    assert whole == alone[0]
    assert "".join(map(str, pieces)) == alone[0].text
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"color": {"enum": ["red", "blue"]}},
        "required": ["color"],
    }
    schema["additionalProperties"] = False
    said = model.answer(ChatTurn(messages=questions[0].messages, response_schema=schema, max_tokens=40))
    assert json.loads(said.text)["color"] in {"red", "blue"}
    drawn = [ChatTurn(messages=questions[0].messages, temperature=1.5, seed=1, max_tokens=8) for _ in range(2)]
    assert model.answer(drawn[0]) == model.answer(drawn[1])
    with pytest.raises(DataError, match="not a data URL"):
        model.answer(ChatTurn(messages=(UserMessage(content=_shown("/etc/hostname")),)))
    with engine.memory_for_training():
        assert engine.process(engine.folder.base).pid is None
    assert model.answer(questions[0]) == alone[0]


def test_questions_are_refused_while_the_memory_is_needed(tiny: Tiny, tmp_path: Path) -> None:
    engine = TransformersEngine(tiny("idefics3"), cache=tiny("idefics3").parent / "cache", answer_while_training=False)
    model = engine.load(None)
    with engine.memory_for_training(), pytest.raises(StateError, match="a model is being trained"):
        model.answer(ChatTurn(messages=(UserMessage(content="What?"),)))


def _shown(url: str) -> Any:
    return (ImagePart(image_url=ImageURL(url=url)),)


def test_memory_that_runs_out_halves_the_micro_batch_and_two_processes_give_the_same_losses(new_run: NewRun) -> None:
    scarce = new_run("scarce", faults=TrainingFaults(out_of_memory_above=2))
    assert scarce.train().batch_size == 4
    assert scarce.warnings == ["Memory ran out with micro-batches of 4; continuing with 2, same batch size"]
    two = new_run("two", gpus=2)
    assert two.train().batch_size == 4
    assert len(two.losses) == len(scarce.losses) == 3
    assert two.losses[0] == pytest.approx(scarce.losses[0], rel=1e-3)
    assert two.losses[1] == pytest.approx(scarce.losses[1], rel=1e-3)


@pytest.mark.parametrize(
    ("faults", "code", "words"),
    [
        (TrainingFaults(out_of_memory_above=0), "out_of_memory", r"with 1 row at a time.*max_image_pixels"),
        (TrainingFaults(nan_at_step=2), "nan_loss", "became nan at step 2.*learning_rate_multiplier"),
        (TrainingFaults(kill_at_step=2), "rank_lost", r"rank 0 of 1 was lost \(SIGKILL\)"),
        (TrainingFaults(disk_full_at_step=1), "disk_full", "disk is full.*GiB are free"),
    ],
)
def test_a_training_that_fails_says_why_and_what_to_do(
    new_run: NewRun, faults: TrainingFaults, code: str, words: str
) -> None:
    run = new_run(faults=faults)
    with pytest.raises(TrainingError, match=words) as caught:
        run.train(batch_size=1, options={"micro_batch_size": 1})
    assert caught.value.code == code


def test_a_lost_process_among_several_is_named(new_run: NewRun) -> None:
    run = new_run(faults=TrainingFaults(kill_at_step=2, kill_rank=1), gpus=2)
    with pytest.raises(TrainingError, match=r"rank 1 of 2 was lost \(SIGKILL\)"):
        run.train()


def test_a_row_that_is_too_long_is_refused_before_training(new_run: NewRun) -> None:
    run = new_run()
    with pytest.raises(RecordError, match="more than the 30 that the model can take") as caught:
        run.train(options={"max_row_tokens": 30})
    assert caught.value.line == 1
    assert run.losses == []


def _without_tensors(folder: Path) -> None:
    path = folder / "model.safetensors"
    tensors = read_header(path)
    content = path.read_bytes()
    body = content[-max(tensor["data_offsets"][1] for tensor in tensors.values()) :]
    kept = [name for name in tensors if ".layers.1.mlp" not in name]
    header, parts, end = {}, [], 0
    for name in kept:
        start, stop = tensors[name]["data_offsets"]
        parts.append(body[start:stop])
        header[name] = {**tensors[name], "data_offsets": [end, end + stop - start]}
        end += stop - start
    head = json.dumps(header | {"__metadata__": {"format": "pt"}}).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + b"".join(parts))


def _own_code(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "model_type": "mine",
        "auto_map": {"AutoConfig": "mine.Config", "AutoModelForImageTextToText": "mine.Model"},
    }
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "mine.py").write_text("raise SystemExit('this code ran')")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_without_tensors, "tensors are missing or of another shape, e.g. model"),
        (_own_code, "brings its own code"),
    ],
)
def test_what_only_transformers_can_tell_is_found_by_the_check(
    tiny: Tiny, forks: ForkServer, tmp_path: Path, damage: Callable[[Path], None], words: str
) -> None:
    folder = shutil.copytree(tiny("idefics3"), tmp_path / "broken")
    damage(folder)
    ModelFolder.open(folder)
    command = [sys.executable, "-m", *forks.command("vqaft.engines.transformers.probe", str(folder))]
    done = subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)  # noqa: S603 - our own
    assert words in json.loads(done.stdout)["error"]


def test_what_the_check_finds_is_refused_before_a_job(tiny: Tiny, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny("idefics3"), tmp_path / "broken")
    _without_tensors(folder)
    with pytest.raises(DataError, match="tensors are missing") as caught:
        TransformersEngine(folder)
    assert (caught.value.path, caught.value.hint) == (str(folder), "Copy or download the folder again")


def _ranks(folder: Path) -> list[int]:
    """Processes that train a task of a server's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"transformers.train" in command and bytes(folder) in command:
                found.append(int(entry.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="processes are looked up in /proc")
def test_a_killed_server_leaves_no_process_and_resumes_its_job(tiny: Tiny, paint_rows: Path, tmp_path: Path) -> None:
    folder, base = tmp_path / "server", tiny("idefics3")
    server = LocalServer(folder, models={"tiny": base}, gpus=0).start()
    with OpenAI(base_url=server.base_url, api_key=server.api_key, max_retries=0) as client:
        file = client.files.create(file=io.BytesIO(paint_rows.read_bytes() * 10), purpose="fine-tune").id
        hyper: Any = {"n_epochs": 2, "batch_size": 4}
        job = client.fine_tuning.jobs.create(
            model="tiny", training_file=file, method={"type": "supervised", "supervised": {"hyperparameters": hyper}}
        ).id
        _until(lambda: bool(list(folder.glob("models/*/trainer/checkpoint-*/complete"))))
        os.kill(server.pid, signal.SIGKILL)
    _until(lambda: not _ranks(folder), seconds=5)
    server.stop()
    with (
        LocalServer(folder, models={"tiny": base}, gpus=0) as again,
        OpenAI(base_url=again.base_url, api_key=again.api_key, max_retries=0) as client,
    ):
        _until(lambda: client.fine_tuning.jobs.retrieve(job).status in {"succeeded", "failed"})
        assert client.fine_tuning.jobs.retrieve(job).status == "succeeded"
        messages = [
            event.message for event in client.fine_tuning.jobs.list_events(job, limit=100) if event.type == "message"
        ]
        assert "The server was restarted; the job continues from its last checkpoint." in messages
        assert any(message.startswith("Resumed after step") for message in messages)


def _until(done: Callable[[], bool], *, seconds: float = 300) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_an_adapter_on_another_base_is_not_loaded(tiny: Tiny, plain_folder: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(plain_folder)}))
    (adapter / "vqaft.json").write_text(json.dumps({"kind": "lora", "base": str(plain_folder)}))
    shutil.copy(plain_folder / "model.safetensors", adapter / "adapter_model.safetensors")
    (adapter / "vqaft.json").write_text(json.dumps({"kind": "lora", "base": str(plain_folder), "fingerprint": "other"}))
    engine = TransformersEngine(tiny("idefics3"), cache=tiny("idefics3").parent / "cache")
    with pytest.raises(StateError, match="trained on another base model"):
        engine.load(adapter)
    with pytest.raises(StateError, match=r"vqaft\.json is missing"):
        engine.load(tmp_path)
